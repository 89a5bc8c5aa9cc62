import Contracts
import Nouns

extension Form where Value == String {
    /// The name of a socket or setting.
    static var settingName: Form {
        .text("a name: 1 to 32 of a-z, 0-9 and _, beginning with a letter") { name in
            (1...32).contains(name.utf8.count) && (97...122).contains(name.utf8.first!)
                && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        }
    }

    static var absolutePath: Form {
        .text("an absolute path of 1 to 1024 bytes") { text in
            text.hasPrefix("/") && text.utf8.count <= 1024 && !text.utf8.contains { $0 < 32 }
        }
    }

    /// The name of a variable that the supervisor does not set itself.
    static var variableName: Form {
        .text(
            "a name: 1 to 64 of A-Z, 0-9 and _, beginning with a letter, "
                + "not BUNBASE_…, LISTEN_…, WATCHDOG_… or NOTIFY_SOCKET"
        ) { name in
            (1...64).contains(name.utf8.count) && (65...90).contains(name.utf8.first!)
                && name.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
                && !["BUNBASE_", "LISTEN_", "WATCHDOG_"].contains(where: name.hasPrefix)
                && name != ChildEnvironment.notifySocket
        }
    }

    /// A setting for a program of ours: sizes become bytes and durations milliseconds, all else stays as it is.
    static var setting: Form {
        Form(allowed: "a text of 1 to 256 bytes without line breaks") { text in
            guard (1...256).contains(text.utf8.count), !text.utf8.contains(where: { $0 < 32 }) else { return nil }
            if let bytes = Size.bytes(text) { return "\(bytes)" }
            if let duration = Time.duration(text) { return "\(duration.millisecondsRoundedUp)" }
            return text
        } show: {
            $0
        }
    }

    /// The beginning of a request's path, or what it is replaced by.
    static func pathPrefix(allowing placeholder: String? = nil) -> Form {
        let also = placeholder.map { ", \($0) where the project's id belongs" } ?? ""
        return .text(
            "a path of at most 512 bytes that begins and ends with /, "
                + "has no empty, . or .. part, and holds only letters, digits and -._~!$&'()*+,;=:@/\(also)"
        ) { text in
            guard text.hasPrefix("/"), text.hasSuffix("/"), text.utf8.count <= 512 else { return false }
            var path = text
            if let placeholder {
                path = path.split(separator: placeholder, omittingEmptySubsequences: false).joined(separator: "x")
            }
            let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().dropLast()
            return path.utf8.allSatisfy(isPathByte) && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
        }
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~!$&'()*+,;=:@/".utf8.contains(byte)
        }
    }
}

extension Form where Value == ProgramSettings.Socket {
    /// A unix socket's path has 107 bytes at most (`unix(7)`).
    static let pathMax = 107

    static func socket(_ home: Home) -> Form {
        let run = home.run.directory
        return Form(
            allowed:
                "public:http, public:resp, tcp:127.0.0.1:8100, or stream:NAME.sock or packets:NAME.sock "
                + "in the runtime directory, or with an absolute path of at most \(pathMax) bytes"
        ) { text in
            guard let colon = text.firstIndex(of: ":") else { return nil }
            let rest = String(text[text.index(after: colon)...])
            switch text[..<colon] {
            case "public": return [DescriptorName.http, DescriptorName.resp].contains(rest) ? .inherited(rest) : nil
            case "tcp": return Address(rest).map { .tcp($0) }
            case "stream": return path(rest, in: run).map { .stream($0) }
            case "packets": return path(rest, in: run).map { .packets($0) }
            default: return nil
            }
        } show: { socket in
            let inRun = { (path: String) in
                path.hasPrefix(run + "/") ? String(path.dropFirst(run.utf8.count + 1)) : path
            }
            return switch socket {
            case .inherited(let name): "public:\(name)"
            case .tcp(let address): "tcp:\(address)"
            case .stream(let path): "stream:\(inRun(path))"
            case .packets(let path): "packets:\(inRun(path))"
            }
        }
    }

    private static func path(_ text: String, in run: String) -> String? {
        let paths = RunPaths(run)
        let path = text.hasPrefix("/") ? text : "\(run)/\(text)"
        guard !text.isEmpty, text.hasPrefix("/") || !text.contains("/"), path.utf8.count <= pathMax,
            !path.utf8.contains(0), ![paths.control, paths.lease, paths.lock].contains(path)
        else { return nil }
        return path
    }
}
