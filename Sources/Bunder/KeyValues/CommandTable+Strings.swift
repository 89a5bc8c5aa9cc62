extension CommandTable {
    static let strings: [Command] = [
        Command("GET", 2) { call throws(Refusal) in Outcome(call.string(call.key).map(Reply.bulk) ?? .null) },
        Command("SET", -3, isWrite: true) { call throws(Refusal) in try set(call) },
        Command("SETEX", 4, isWrite: true) { call throws(Refusal) in try setExpiring(call, unit: 1000) },
        Command("PSETEX", 4, isWrite: true) { call throws(Refusal) in try setExpiring(call, unit: 1) },
        Command("SETNX", 3, isWrite: true) { call throws(Refusal) in
            try call.checkSize(key: call.key, value: call.words[2])
            guard call.string(call.key) == nil else { return Outcome(.integer(0)) }
            return Outcome(.integer(1), [.set(key: call.key, .string(call.words[2]), expiry: nil)])
        },
        Command("GETSET", 3, isWrite: true) { call throws(Refusal) in
            try call.checkSize(key: call.key, value: call.words[2])
            let old = call.string(call.key).map(Reply.bulk) ?? .null
            return Outcome(old, [.set(key: call.key, .string(call.words[2]), expiry: nil)])
        },
        Command("GETDEL", 2, isWrite: true) { call throws(Refusal) in
            guard let old = call.string(call.key) else { return Outcome(.null) }
            return Outcome(.bulk(old), [.delete(key: call.key)])
        },
        Command("GETEX", -2, isWrite: true) { call throws(Refusal) in try getAndExpire(call) },
        Command("MGET", -2) { call throws(Refusal) in
            Outcome(.array(call.words.dropFirst().map { call.string($0).map(Reply.bulk) ?? .null }))
        },
        Command("MSET", -3, isWrite: true) { call throws(Refusal) in
            guard call.words.count % 2 == 1 else {
                throw Refusal("ERR wrong number of arguments for 'mset' command")
            }
            var effects: [Effect] = []
            for index in stride(from: 1, to: call.words.count, by: 2) {
                try call.checkSize(key: call.words[index], value: call.words[index + 1])
                effects.append(.set(key: call.words[index], .string(call.words[index + 1]), expiry: nil))
            }
            return Outcome(.ok, effects)
        },
        Command("APPEND", 3, isWrite: true) { call throws(Refusal) in
            let value = (call.string(call.key) ?? []) + call.words[2]
            try call.checkSize(key: call.key, value: value)
            let expiry = call.keyspace.expiry(of: call.key, at: call.now) ?? nil
            return Outcome(.integer(Int64(value.count)), [.set(key: call.key, .string(value), expiry: expiry)])
        },
        Command("STRLEN", 2) { call throws(Refusal) in
            Outcome(.integer(Int64(call.string(call.key)?.count ?? 0)))
        },
    ]

    /// The options behind SET's value.
    private struct SetOptions {
        var expiry: Int64?
        var keepsExpiry = false
        var onlyIfAbsent = false
        var onlyIfPresent = false
        var returnsOld = false
    }

    private static func set(_ call: Call) throws(Refusal) -> Outcome {
        try call.checkSize(key: call.key, value: call.words[2])
        if call.words.count == 3 {
            return Outcome(.ok, [.set(key: call.key, .string(call.words[2]), expiry: nil)])
        }
        let options = try setOptions(call)
        let old = call.string(call.key)
        let reply = options.returnsOld ? old.map(Reply.bulk) ?? .null : .ok
        if options.onlyIfAbsent && old != nil || options.onlyIfPresent && old == nil {
            return Outcome(options.returnsOld ? reply : .null)
        }
        let kept = options.keepsExpiry ? call.keyspace.expiry(of: call.key, at: call.now) ?? nil : nil
        let expiry = options.expiry ?? kept
        if let expiry, expiry <= call.now {
            return Outcome(reply, old == nil ? [] : [.delete(key: call.key)])
        }
        return Outcome(reply, [.set(key: call.key, .string(call.words[2]), expiry: expiry)])
    }

    private static func setOptions(_ call: Call) throws(Refusal) -> SetOptions {
        var options = SetOptions()
        var index = 3
        while index < call.words.count {
            switch call.option(index) {
            case "NX" where !options.onlyIfPresent: options.onlyIfAbsent = true
            case "XX" where !options.onlyIfAbsent: options.onlyIfPresent = true
            case "GET": options.returnsOld = true
            case "KEEPTTL" where options.expiry == nil: options.keepsExpiry = true
            case let unit where index + 1 < call.words.count && options.expiry == nil && !options.keepsExpiry:
                guard let moment = try expiry(call, unit, index + 1) else { throw .syntax }
                options.expiry = moment
                index += 1
            default: throw .syntax
            }
            index += 1
        }
        return options
    }

    /// The moment that `EX 10` and its likes name; nil when the unit is none of them.
    private static func expiry(_ call: Call, _ unit: String, _ index: Int) throws(Refusal) -> Int64? {
        let (isRelative, factor): (Bool, Int64)
        switch unit {
        case "EX": (isRelative, factor) = (true, 1000)
        case "PX": (isRelative, factor) = (true, 1)
        case "EXAT": (isRelative, factor) = (false, 1000)
        case "PXAT": (isRelative, factor) = (false, 1)
        default: return nil
        }
        let number = try call.integer(index)
        guard number > 0, let moment = moment(number, factor, from: isRelative ? call.now : 0) else {
            throw Refusal("ERR invalid expire time in '\(call.option(0).lowercased())' command")
        }
        return moment
    }

    /// `start` and so many units; nil when that is beyond all time.
    static func moment(_ number: Int64, _ factor: Int64, from start: Int64) -> Int64? {
        let (span, over) = number.multipliedReportingOverflow(by: factor)
        let (moment, carry) = span.addingReportingOverflow(start)
        return over || carry ? nil : moment
    }

    private static func setExpiring(_ call: Call, unit: Int64) throws(Refusal) -> Outcome {
        try call.checkSize(key: call.key, value: call.words[3])
        let number = try call.integer(2)
        guard number > 0, let expiry = moment(number, unit, from: call.now) else {
            throw Refusal("ERR invalid expire time in '\(call.option(0).lowercased())' command")
        }
        return Outcome(.ok, [.set(key: call.key, .string(call.words[3]), expiry: expiry)])
    }

    private static func getAndExpire(_ call: Call) throws(Refusal) -> Outcome {
        var moment: Int64??
        switch call.words.count {
        case 2: moment = nil
        case 3 where call.option(2) == "PERSIST": moment = .some(nil)
        case 4:
            guard let at = try expiry(call, call.option(2), 3) else { throw .syntax }
            moment = .some(at)
        default: throw .syntax
        }
        guard let value = call.string(call.key) else { return Outcome(.null) }
        guard let moment else { return Outcome(.bulk(value)) }
        if let moment, moment <= call.now { return Outcome(.bulk(value), [.delete(key: call.key)]) }
        return Outcome(.bulk(value), [.expire(key: call.key, at: moment)])
    }
}
