import CLinux
import Contracts
import Glibc
import Linux
import Nouns

/// What a process gets from whoever starts it: variables and descriptors.
package struct Inheritance {
    package var variables: [String: String]
    package var descriptors: PassedDescriptors

    package init(variables: [String: String], descriptors: PassedDescriptors) {
        (self.variables, self.descriptors) = (variables, descriptors)
    }

    /// Of this process. Call it once.
    package static func ofProcess() throws(SystemError) -> Inheritance {
        let passed = try ListenFDs.fromEnvironment()
        var variables: [String: String] = [:]
        var entry = clinux_environment()
        while let text = entry?.pointee {
            let line = String(cString: text)
            if let equals = line.firstIndex(of: "=") {
                variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            entry = entry?.advanced(by: 1)
        }
        return Inheritance(variables: variables, descriptors: PassedDescriptors(passed.all))
    }

    /// What the process is to be when no supervisor will say so: from `BUNBASE_PROJECT` (none: a shared service),
    /// `BUNBASE_DATA` (required), `BUNBASE_INCARNATION`, `BUNBASE_SET_NAME` for each setting, systemd's watchdog
    /// variables, and the listener's token in the credential `token`, if there is one (`LoadCredential=`).
    func assignment(_ kind: Kind) throws(StartFailure) -> Assignment {
        var project = ProjectID.shared
        if let text = variables[ChildEnvironment.project] {
            guard let id = ProjectID(text) else {
                throw StartFailure("\(ChildEnvironment.project) is not 1 to 40 of a-z, 0-9 and -")
            }
            project = id
        }
        guard let data = variables[ChildEnvironment.data], data.hasPrefix("/") else {
            throw StartFailure("\(ChildEnvironment.data) does not name a directory by an absolute path")
        }
        var settings: [String: String] = [:]
        for (name, value) in variables where name.hasPrefix(ChildEnvironment.settingPrefix) {
            settings[name.dropFirst(ChildEnvironment.settingPrefix.count).lowercased()] = value
        }
        return Assignment(
            instance: InstanceID(project, kind),
            incarnation: variables[ChildEnvironment.incarnation].flatMap { Incarnation($0) } ?? Incarnation(0),
            generation: Generation(0), token: try token(), data: data, descriptors: descriptors.names,
            watchdog: watchdog, settings: settings)
    }

    private var watchdog: Duration? {
        if let pid = variables[ChildEnvironment.watchdogPID], Int32(pid) != getpid() { return nil }
        guard let text = variables[ChildEnvironment.watchdogMicroseconds], let period = Int64(text), period > 0
        else { return nil }
        return .microseconds(period)
    }

    private func token() throws(StartFailure) -> Token? {
        guard let directory = variables["CREDENTIALS_DIRECTORY"] else { return nil }
        let file = open(directory + "/token", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw StartFailure("the credential token cannot be read: \(SystemError("open"))")
        }
        let descriptor = Descriptor(file)
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor.number, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let token = Token(text) else {
            throw StartFailure("the credential token is not 32 lower-case hex digits")
        }
        return token
    }
}

/// Why a program cannot begin its work; becomes its last words on standard error.
package struct StartFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
