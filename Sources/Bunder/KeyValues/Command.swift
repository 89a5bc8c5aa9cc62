/// One command: its name, how many words it takes, and what it does.
package struct Command: Sendable {
    package let name: String
    /// Words with the name: that many, or, when negative, at least that many; as in Redis.
    package let arity: Int
    /// May change keys; then the result's effects must be in the log before they are applied.
    package let isWrite: Bool
    let run: @Sendable (Call) throws(Refusal) -> Outcome

    init(
        _ name: String, _ arity: Int, isWrite: Bool = false,
        _ run: @escaping @Sendable (Call) throws(Refusal) -> Outcome
    ) {
        (self.name, self.arity, self.isWrite, self.run) = (name, arity, isWrite, run)
    }

    func takes(_ count: Int) -> Bool { arity >= 0 ? count == arity : count >= -arity }
}

/// What a command does: the effects to be logged, all or nothing, and what to answer when they are durable.
package struct Outcome: Hashable, Sendable {
    package var effects: [Effect]
    package var reply: Reply

    package init(_ reply: Reply, _ effects: [Effect] = []) { (self.reply, self.effects) = (reply, effects) }
}

/// A command that is not carried out; the message begins with its code.
package struct Refusal: Error, Hashable, Sendable {
    package let message: String
    package init(_ message: String) { self.message = message }

    static let syntax = Refusal("ERR syntax error")
    static let notAnInteger = Refusal("ERR value is not an integer or out of range")
}

/// A command that came, and what it is carried out against.
package struct Call {
    package let words: [[UInt8]]
    let keyspace: Keyspace
    /// Milliseconds since 1970.
    let now: Int64
    let session: Session
    let server: ServerFacts
    let limits: KeyValueLimits

    var key: [UInt8] { words[1] }

    func string(_ key: [UInt8]) -> [UInt8]? {
        switch keyspace.value(of: key, at: now) {
        case .string(let bytes): bytes
        case nil: nil
        }
    }

    func integer(_ index: Int) throws(Refusal) -> Int64 {
        guard let number = Decimal.parse(words[index]) else { throw .notAnInteger }
        return number
    }

    /// A word in capitals, to be compared with an option's name.
    func option(_ index: Int) -> String { Self.capitals(words[index]) }

    static func capitals(_ word: [UInt8]) -> String {
        String(decoding: word.map { (97...122).contains($0) ? $0 - 32 : $0 }, as: UTF8.self)
    }

    /// - Throws: when the key or value is longer than allowed.
    func checkSize(key: [UInt8], value: [UInt8]) throws(Refusal) {
        guard !key.isEmpty, key.count <= limits.keyMax else {
            throw Refusal("ERR a key has 1 to \(limits.keyMax) bytes")
        }
        guard value.count <= limits.valueMax else {
            throw Refusal("ERR string exceeds maximum allowed size (\(limits.valueMax) bytes)")
        }
    }
}

/// What a connection has said about itself.
package final class Session {
    /// 2 or 3.
    package var version = 2
    package var name: [UInt8] = []
    package let id: Int64
    /// Set by `QUIT`: the connection ends behind the reply.
    package var isEnding = false

    package init(id: Int64) { self.id = id }
}

/// What `INFO` tells beside the keyspace.
package struct ServerFacts: Hashable, Sendable {
    package var uptimeSeconds: Int64 = 0
    package var connections = 0
    package var commandsProcessed: Int64 = 0
    package var logBytes = 0

    package init() {}
}
