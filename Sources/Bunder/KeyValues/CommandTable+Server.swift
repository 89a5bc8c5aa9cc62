extension CommandTable {
    static let server: [Command] = [
        Command("COMMAND", -1) { call throws(Refusal) in
            guard call.words.count > 1 else { return Outcome(.array(descriptions)) }
            switch call.option(1) {
            case "COUNT": return Outcome(.integer(Int64(commands.count)))
            case "DOCS": return Outcome(.map([]))
            default: throw Refusal("ERR unknown subcommand for COMMAND; there are COUNT and DOCS")
            }
        },
        Command("CONFIG", -2) { call throws(Refusal) in
            guard call.option(1) == "GET", call.words.count >= 3 else {
                throw Refusal("ERR settings are made in the cluster file; CONFIG knows GET only")
            }
            let globs = call.words.dropFirst(2).map { Glob($0) }
            let found = settings(call).filter { setting in
                globs.contains { $0.matches(Array(setting.name.utf8)) }
            }
            return Outcome(.map(found.map { (.bulk($0.name), .bulk($0.value)) }))
        },
        Command("INFO", -1) { call throws(Refusal) in
            let asked = Set((1..<call.words.count).map { call.option($0).lowercased() })
            let isAll = asked.isEmpty || !asked.isDisjoint(with: ["all", "default", "everything"])
            let text = sections(call).filter { isAll || asked.contains($0.name.lowercased()) }
                .map { "# \($0.name)\r\n" + $0.lines.map { "\($0)\r\n" }.joined() }
            return Outcome(.bulk(text.joined(separator: "\r\n")))
        },
        Command("TIME", 1) { call throws(Refusal) in
            Outcome(.array([.bulk(String(call.now / 1000)), .bulk(String(call.now % 1000 * 1000))]))
        },
    ]

    private static var descriptions: [Reply] {
        commands.values.sorted { $0.name < $1.name }.map { command in
            .array([
                .bulk(command.name.lowercased()), .integer(Int64(command.arity)),
                .array([.text(command.isWrite ? "write" : "readonly")]), .integer(0), .integer(0), .integer(0),
            ])
        }
    }

    private static func settings(_ call: Call) -> [(name: String, value: String)] {
        [
            ("appendfsync", "always"), ("appendonly", "yes"), ("databases", "1"),
            ("maxmemory", String(call.limits.memoryMax)), ("maxmemory-policy", "noeviction"), ("save", ""),
        ]
    }

    private static func sections(_ call: Call) -> [(name: String, lines: [String])] {
        let facts = call.server
        let keyspace = call.keyspace
        let keys = "db0:keys=\(keyspace.count),expires=\(keyspace.expiringCount),avg_ttl=0"
        return [
            (
                "Server",
                [
                    "redis_version:\(version)", "redis_mode:standalone", "server_name:bunder",
                    "uptime_in_seconds:\(facts.uptimeSeconds)",
                ]
            ),
            ("Clients", ["connected_clients:\(facts.connections)"]),
            (
                "Memory",
                [
                    "used_memory:\(keyspace.bytes)", "maxmemory:\(call.limits.memoryMax)",
                    "maxmemory_policy:noeviction",
                ]
            ),
            ("Persistence", ["loading:0", "aof_enabled:1", "aof_current_size:\(facts.logBytes)"]),
            ("Stats", ["total_commands_processed:\(facts.commandsProcessed)"]),
            ("Replication", ["role:master", "connected_slaves:0"]),
            ("Keyspace", keyspace.count == 0 ? [] : [keys]),
        ]
    }
}
