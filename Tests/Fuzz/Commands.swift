import KeyValues
import Routing

extension FuzzTarget {
    private static let auth = "*3\r\n$4\r\nAUTH\r\n$4\r\nacme\r\n$3\r\nkey\r\n"
    private static let words = ["AUTH", "HELLO", "QUIT", "\r\n", "*3\r\n", "$4\r\n", "$0\r\n", "*-1\r\n", "3", " "]

    /// What the front understands before it knows a Redis client.
    package static let greeting = FuzzTarget(
        "greeting",
        seeds: [
            auth, auth + "*1\r\n$4\r\nPING\r\n", "AUTH acme key\r\nPING\r\n", "HELLO 3 AUTH acme key\n", "QUIT\r\n",
            "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$4\r\nacme\r\n$3\r\nkey\r\n", "*1\r\n$4\r\nPING\r\n",
            "*0\r\n",
            "\r\nAUTH a b\r\n",
        ],
        words: words
    ) { bytes in
        let whole = RESPGreeting.read(bytes)
        for length in bytes.prefixes where length < bytes.count {
            switch (bytes.withPrefix(length) { RESPGreeting.read($0) }, whole) {
            case (.incomplete, _), (.broken, .broken): continue
            case (let partial, _): try demand(partial == whole, "from \(length) bytes: \(partial), from all: \(whole)")
            }
        }
        guard case .command(let command, let length) = whole else { return }
        try demand(length > 0 && length <= bytes.count && length <= RESPGreeting.commandMax, "took \(length) bytes")
        // The instance must find the next command where the front says it begins, so both must agree on this one.
        let words: [String]
        switch command {
        case .auth(let project, let key): words = ["AUTH", project, key]
        case .hello(let version, let project, let key): words = ["HELLO", "\(version)", "AUTH", project, key]
        case .quit, .refused: return
        }
        var parser = RESPParser(KeyValueLimits())
        let read = bytes.withPrefix(length) { bytes in
            parser.take(bytes)
            return try? parser.next()
        }
        var found = (read ?? []).map { String(decoding: $0, as: UTF8.self) }
        for index in found.indices where words.indices.contains(index) && ["AUTH", "HELLO"].contains(words[index]) {
            found[index] = found[index].uppercased()
        }
        if found.count > 1, let version = Int(found[1]), words[0] == "HELLO" { found[1] = "\(version)" }
        try demand(found == words && parser.isIdle, "the front reads \(words), the instance \(found)")
    }

    /// What `bunder` understands.
    package static let commands = FuzzTarget(
        "commands",
        seeds: [
            auth, "*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n\r\n*0\r\nquit\n", "SET a b\r\n", "*1\r\n$0\r\n\r\n",
            "*2\r\n$4\r\nECHO\r\n$5\r\na\r\nb\n\r\n", "*1000000\r\n", "$1\r\na\r\n",
        ],
        words: words
    ) { bytes in
        let whole = commands(bytes, bytes.count)
        for size in [1, 2, 5] {
            try demand(
                commands(bytes, size) == whole, "in pieces of \(size): \(commands(bytes, size)), at once: \(whole)")
        }
        var written: [UInt8] = []
        for command in whole.commands {
            // A line typed by hand has its own limit, and each word takes two bytes of it.
            let wordsMax = max(limits.wordsMax, KeyValueLimits.inlineMax / 2)
            try demand(!command.isEmpty && command.count <= wordsMax, "a command of \(command.count) words")
            try demand(command.reduce(0) { $0 + $1.count } <= limits.commandMax, "a command that is too long")
            written += "*\(command.count)\r\n".utf8
            for word in command { written += Array("$\(word.count)\r\n".utf8) + word + Array("\r\n".utf8) }
        }
        // What was typed by hand has other limits than what carries its lengths.
        guard
            whole.commands.allSatisfy({ command in
                command.count <= limits.wordsMax && command.allSatisfy { $0.count <= limits.valueMax }
            })
        else { return }
        let again = written.withUnsafeBytes { commands($0, $0.count) }
        try demand(again.commands == whole.commands && again.error == nil, "said again: \(again), at first: \(whole)")
    }

    private struct Reading: Equatable {
        var commands: [[[UInt8]]] = []
        var error: String?
    }

    private static let limits: KeyValueLimits = {
        var limits = KeyValueLimits()
        (limits.valueMax, limits.wordsMax, limits.commandMax) = (256, 16, KeyValueLimits.inlineMax)
        return limits
    }()

    private static func commands(_ bytes: UnsafeRawBufferPointer, _ size: Int) -> Reading {
        var parser = RESPParser(limits)
        var reading = Reading()
        var index = 0
        do {
            while index < bytes.count {
                let end = min(bytes.count, index + size)
                parser.take(UnsafeRawBufferPointer(rebasing: bytes[index..<end]))
                index = end
                while let command = try parser.next() { reading.commands.append(command) }
            }
        } catch {
            reading.error = error.message
        }
        return reading
    }
}
