/// All commands by name, and the one way to carry one out.
package enum CommandTable {
    package static let commands: [String: Command] = {
        let all = strings + counters + keys + expiry + connection + server
        return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    }()

    /// Decides what a command does; changes nothing but the session.
    ///
    /// - Parameters:
    ///   - words: the command's name and arguments, at least one.
    ///   - now: milliseconds since 1970.
    package static func run(
        _ words: [[UInt8]], on keyspace: Keyspace, for session: Session, server: ServerFacts = ServerFacts(),
        limits: KeyValueLimits, at now: Int64
    ) -> Outcome {
        guard let command = commands[Call.capitals(words[0])] else { return Outcome(unknown(words)) }
        guard command.takes(words.count) else {
            return Outcome(.error("ERR wrong number of arguments for '\(command.name.lowercased())' command"))
        }
        let call = Call(
            words: words, keyspace: keyspace, now: now, session: session, server: server, limits: limits)
        do throws(Refusal) {
            let outcome = try command.run(call)
            guard !outcome.effects.isEmpty else { return outcome }
            let growth = keyspace.growth(by: outcome.effects)
            guard growth <= 0 || keyspace.bytes + growth <= limits.memoryMax else { return Outcome(outOfMemory) }
            return outcome
        } catch {
            return Outcome(.error(error.message))
        }
    }

    /// Redis's words for a full `maxmemory`.
    package static let outOfMemory = Reply.error("OOM command not allowed when used memory > 'maxmemory'.")

    private static func unknown(_ words: [[UInt8]]) -> Reply {
        let name = String(decoding: words[0].prefix(128), as: UTF8.self)
        var arguments = ""
        for word in words.dropFirst() where arguments.utf8.count < 128 {
            arguments += "'\(String(decoding: word.prefix(128 - arguments.utf8.count), as: UTF8.self))' "
        }
        return .error("ERR unknown command '\(name)', with args beginning with: \(arguments)")
    }
}
