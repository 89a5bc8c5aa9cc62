extension CommandTable {
    static let keys: [Command] = [
        Command("DEL", -2, isWrite: true) { call throws(Refusal) in delete(call) },
        Command("UNLINK", -2, isWrite: true) { call throws(Refusal) in delete(call) },
        Command("EXISTS", -2) { call throws(Refusal) in
            let there = call.words.dropFirst().filter { call.keyspace.value(of: $0, at: call.now) != nil }
            return Outcome(.integer(Int64(there.count)))
        },
        Command("TYPE", 2) { call throws(Refusal) in
            Outcome(.text(call.keyspace.value(of: call.key, at: call.now)?.typeName ?? "none"))
        },
        Command("KEYS", 2) { call throws(Refusal) in
            let glob = Glob(call.words[1])
            var found: [Reply] = []
            call.keyspace.forEachKey(at: call.now) { key, _ in if glob.matches(key) { found.append(.bulk(key)) } }
            return Outcome(.array(found))
        },
        Command("SCAN", -2) { call throws(Refusal) in try scan(call) },
        Command("RANDOMKEY", 1) { call throws(Refusal) in
            let key = call.keyspace.randomKey(start: .random(in: 0 ... .max / 2), at: call.now)
            return Outcome(key.map(Reply.bulk) ?? .null)
        },
        Command("DBSIZE", 1) { call throws(Refusal) in Outcome(.integer(Int64(call.keyspace.count))) },
        Command("FLUSHDB", -1, isWrite: true) { call throws(Refusal) in try flush(call) },
        Command("FLUSHALL", -1, isWrite: true) { call throws(Refusal) in try flush(call) },
    ]

    private static func delete(_ call: Call) -> Outcome {
        var seen: Set<[UInt8]> = []
        for key in call.words.dropFirst() where call.keyspace.value(of: key, at: call.now) != nil {
            seen.insert(key)
        }
        return Outcome(.integer(Int64(seen.count)), seen.map { .delete(key: $0) })
    }

    private static func flush(_ call: Call) throws(Refusal) -> Outcome {
        // Whether it runs beside other work is ours to choose; the words are taken as Redis takes them.
        let isKnown = call.words.count == 1 || call.words.count == 2 && ["ASYNC", "SYNC"].contains(call.option(1))
        guard isKnown else { throw .syntax }
        return Outcome(.ok, call.keyspace.count == 0 ? [] : [.clear])
    }

    private static func scan(_ call: Call) throws(Refusal) -> Outcome {
        guard let cursor = UInt64(String(decoding: call.words[1], as: UTF8.self)) else {
            throw Refusal("ERR invalid cursor")
        }
        var glob: Glob?
        var count = 10
        var type: String?
        guard call.words.count % 2 == 0 else { throw .syntax }
        for index in stride(from: 2, to: call.words.count, by: 2) {
            switch call.option(index) {
            case "MATCH": glob = Glob(call.words[index + 1])
            case "COUNT":
                let number = try call.integer(index + 1)
                guard number > 0 else { throw .syntax }
                count = Int(min(number, 100_000))
            case "TYPE": type = call.option(index + 1).lowercased()
            default: throw .syntax
            }
        }
        var found: [Reply] = []
        let next = call.keyspace.scan(from: cursor, count: count, at: call.now) { key, value in
            guard glob?.matches(key) ?? true, type.map({ $0 == value.typeName }) ?? true else { return }
            found.append(.bulk(key))
        }
        return Outcome(.array([.bulk(String(next)), .array(found)]))
    }
}
