extension CommandTable {
    static let connection: [Command] = [
        Command("PING", -1) { call throws(Refusal) in
            guard call.words.count <= 2 else {
                throw Refusal("ERR wrong number of arguments for 'ping' command")
            }
            return Outcome(call.words.count == 2 ? .bulk(call.words[1]) : .text("PONG"))
        },
        Command("ECHO", 2) { call throws(Refusal) in Outcome(.bulk(call.words[1])) },
        Command("QUIT", -1) { call throws(Refusal) in
            call.session.isEnding = true
            return Outcome(.ok)
        },
        Command("RESET", 1) { call throws(Refusal) in
            call.session.version = 2
            call.session.name = []
            return Outcome(.text("RESET"))
        },
        Command("SELECT", 2) { call throws(Refusal) in
            guard try call.integer(1) == 0 else { throw Refusal("ERR DB index is out of range") }
            return Outcome(.ok)
        },
        Command("AUTH", -2) { call throws(Refusal) in throw alreadyAuthenticated },
        Command("HELLO", -1) { call throws(Refusal) in try hello(call) },
        Command("CLIENT", -2) { call throws(Refusal) in try client(call) },
    ]

    private static let alreadyAuthenticated = Refusal(
        "ERR this connection belongs to its project already; open another one to use another project")

    /// What HELLO answers; also the reply to the one that chose the project.
    package static func greeting(_ session: Session) -> Reply {
        .map([
            (.bulk("server"), .bulk("bunder")), (.bulk("version"), .bulk(version)),
            (.bulk("proto"), .integer(Int64(session.version))), (.bulk("id"), .integer(session.id)),
            (.bulk("mode"), .bulk("standalone")), (.bulk("role"), .bulk("master")), (.bulk("modules"), .array([])),
        ])
    }

    /// The version of Redis whose commands these are.
    static let version = "7.0.0"

    private static func hello(_ call: Call) throws(Refusal) -> Outcome {
        var version = call.session.version
        var name = call.session.name
        if call.words.count > 1 {
            guard let asked = Decimal.parse(call.words[1]), (2...3).contains(asked) else {
                throw Refusal("NOPROTO unsupported protocol version")
            }
            version = Int(asked)
        }
        var index = 2
        while index < call.words.count {
            switch call.option(index) {
            case "SETNAME" where index + 1 < call.words.count: name = try checkedName(call.words[index + 1])
            case "AUTH" where index + 2 < call.words.count: throw alreadyAuthenticated
            default: throw .syntax
            }
            index += 2
        }
        (call.session.version, call.session.name) = (version, name)
        return Outcome(greeting(call.session))
    }

    private static func client(_ call: Call) throws(Refusal) -> Outcome {
        switch (call.option(1), call.words.count) {
        case ("SETNAME", 3):
            call.session.name = try checkedName(call.words[2])
            return Outcome(.ok)
        case ("GETNAME", 2): return Outcome(call.session.name.isEmpty ? .null : .bulk(call.session.name))
        case ("ID", 2): return Outcome(.integer(call.session.id))
        case ("SETINFO", 4): return Outcome(.ok)
        case ("NO-EVICT", 3), ("NO-TOUCH", 3):
            guard ["ON", "OFF"].contains(call.option(2)) else { throw .syntax }
            return Outcome(.ok)
        default:
            throw Refusal(
                "ERR unknown subcommand or wrong number of arguments for CLIENT; there are SETNAME, GETNAME, ID, "
                    + "SETINFO, NO-EVICT and NO-TOUCH")
        }
    }

    private static func checkedName(_ name: [UInt8]) throws(Refusal) -> [UInt8] {
        guard name.count <= 256, name.allSatisfy({ (33...126).contains($0) }) else {
            throw Refusal("ERR Client names cannot contain spaces, newlines or special characters.")
        }
        return name
    }
}
