import KeyValues
import Testing

/// A keyspace with a client: carries commands out as the engine does, and says the replies in RESP.
final class Console {
    let keyspace = Keyspace()
    let session = Session(id: 7)
    var limits = KeyValueLimits()
    /// Milliseconds since 1970.
    var now: Int64 = 1_000_000_000_000

    func outcome(_ line: String) -> Outcome {
        let words = line.split(separator: " ").map { $0 == "\"\"" ? [] : Array($0.utf8) }
        return CommandTable.run(words, on: keyspace, for: session, limits: limits, at: now)
    }

    @discardableResult
    func run(_ line: String) -> String {
        let outcome = outcome(line)
        // As through the log: what is applied is what was written down.
        var bytes: [UInt8] = []
        for effect in outcome.effects { EffectCoding.append(effect, to: &bytes) }
        var decoded: [Effect] = []
        bytes.withUnsafeBytes { bytes in try? EffectCoding.decode(bytes) { decoded.append($0) } }
        #expect(decoded == outcome.effects)
        for effect in decoded { keyspace.apply(effect) }
        var text: [UInt8] = []
        outcome.reply.write(to: &text, version: session.version)
        return String(decoding: text, as: UTF8.self).replacing("\r\n", with: " ").trimmingSuffix { $0 == " " }
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, predicate(last) { text = text.dropLast() }
        return String(text)
    }
}

@Suite struct CommandTests {
    /// Replies as redis-server 7.0 gives them.
    @Test(arguments: [
        [("GET a", "$-1"), ("SET a 1", "+OK"), ("GET a", "$1 1"), ("STRLEN a", ":1"), ("TYPE a", "+string")],
        [
            ("SET a 1 NX", "+OK"), ("SET a 2 NX", "$-1"), ("SET a 3 XX", "+OK"), ("SET b 1 XX", "$-1"),
            ("GET a", "$1 3"),
        ],
        [
            ("SET a 1", "+OK"), ("SET a 2 GET", "$1 1"), ("SET b 2 GET", "$-1"), ("SET a 3 NX GET", "$1 2"),
            ("GET a", "$1 2"),
        ],
        [
            ("SET a 1 NX XX", "-ERR syntax error"), ("SET a 1 EX", "-ERR syntax error"),
            ("SET a 1 WHAT", "-ERR syntax error"),
        ],
        [("SET a 1 EX 1 PX 1", "-ERR syntax error"), ("SET a 1 EX 1 KEEPTTL", "-ERR syntax error")],
        [
            ("SET a 1 EX 0", "-ERR invalid expire time in 'set' command"),
            ("SET a 1 EX x", "-ERR value is not an integer or out of range"),
        ],
        [
            ("SET a 1 EX 10", "+OK"), ("TTL a", ":10"), ("PTTL a", ":10000"), ("SET a 2 KEEPTTL", "+OK"),
            ("TTL a", ":10"), ("SET a 3", "+OK"), ("TTL a", ":-1"),
        ],
        [
            ("SET a 1 PX 1500", "+OK"), ("TTL a", ":2"), ("EXPIRETIME a", ":1000000001"),
            ("PEXPIRETIME a", ":1000000001500"),
        ],
        [("SET a 1 EXAT 1000000005", "+OK"), ("TTL a", ":5"), ("SET a 1 PXAT 1000000000001", "+OK"), ("PTTL a", ":1")],
        [("SET a 1", "+OK"), ("SET a 2 EXAT 5", "+OK"), ("GET a", "$-1")],
        [
            ("SETEX a 10 v", "+OK"), ("TTL a", ":10"), ("PSETEX b 10 v", "+OK"), ("PTTL b", ":10"),
            ("SETEX a 0 v", "-ERR invalid expire time in 'setex' command"),
        ],
        [
            ("SETNX a 1", ":1"), ("SETNX a 2", ":0"), ("GETSET a 3", "$1 1"), ("GETDEL a", "$1 3"), ("GETDEL a", "$-1"),
            ("EXISTS a", ":0"),
        ],
        [
            ("SET a 1 EX 5", "+OK"), ("GETEX a PERSIST", "$1 1"), ("TTL a", ":-1"), ("GETEX a EX 9", "$1 1"),
            ("TTL a", ":9"), ("GETEX a", "$1 1"), ("TTL a", ":9"), ("GETEX a PERSIST 1", "-ERR syntax error"),
        ],
        [
            ("MSET a 1 b 2", "+OK"), ("MGET a x b", "*3 $1 1 $-1 $1 2"),
            ("MSET a", "-ERR wrong number of arguments for 'mset' command"),
            ("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command"),
        ],
        [
            ("MSET a 1 b 2", "+OK"), ("EXISTS a b a x", ":3"), ("DEL a b a x", ":2"), ("UNLINK a", ":0"),
            ("DBSIZE", ":0"),
        ],
        [
            ("TTL a", ":-2"), ("SET a 1", "+OK"), ("TTL a", ":-1"), ("PERSIST a", ":0"), ("EXPIRE a 9", ":1"),
            ("PERSIST a", ":1"), ("EXPIRE x 9", ":0"),
        ],
        [
            ("SET a 1", "+OK"), ("EXPIRE a 10 XX", ":0"), ("EXPIRE a 10 NX", ":1"), ("EXPIRE a 20 NX", ":0"),
            ("EXPIRE a 5 GT", ":0"), ("EXPIRE a 20 GT", ":1"), ("EXPIRE a 5 LT", ":1"), ("TTL a", ":5"),
        ],
        [
            ("SET a 1", "+OK"), ("EXPIRE a 10 GT", ":0"), ("EXPIRE a 10 LT", ":1"),
            ("EXPIRE a 1 NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible"),
            ("EXPIRE a 1 GT LT", "-ERR GT and LT options at the same time are not compatible"),
            ("EXPIRE a 1 ZZ", "-ERR Unsupported option ZZ"),
        ],
        [
            ("SET a 1", "+OK"), ("EXPIRE a -1", ":1"), ("EXISTS a", ":0"), ("SET a 1", "+OK"), ("EXPIREAT a 7", ":1"),
            ("EXISTS a", ":0"),
        ],
        [
            ("SET a 1", "+OK"), ("PEXPIREAT a 1000000000300", ":1"), ("PTTL a", ":300"),
            ("EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command"),
        ],
        [
            ("INCR a", ":1"), ("INCRBY a 41", ":42"), ("DECR a", ":41"), ("DECRBY a 40", ":1"), ("GET a", "$1 1"),
            ("INCRBY a x", "-ERR value is not an integer or out of range"),
        ],
        [
            ("SET a 9223372036854775807", "+OK"), ("INCR a", "-ERR increment or decrement would overflow"),
            ("SET a -9223372036854775808", "+OK"), ("DECR a", "-ERR increment or decrement would overflow"),
            ("DECRBY a -9223372036854775808", "-ERR decrement would overflow"),
        ],
        [
            ("SET a 01", "+OK"), ("INCR a", "-ERR value is not an integer or out of range"), ("SET a 1 EX 9", "+OK"),
            ("INCR a", ":2"), ("TTL a", ":9"), ("APPEND a 0", ":2"), ("TTL a", ":9"), ("GET a", "$2 20"),
        ],
        [("APPEND a xy", ":2"), ("APPEND a z", ":3"), ("GET a", "$3 xyz")],
        [
            ("MSET user:1 a user:2 b", "+OK"), ("KEYS user:1", "*1 $6 user:1"), ("KEYS x*", "*0"), ("FLUSHALL", "+OK"),
            ("KEYS *", "*0"), ("FLUSHDB ASYNC", "+OK"), ("FLUSHDB X", "-ERR syntax error"), ("RANDOMKEY", "$-1"),
        ],
        [
            ("PING", "+PONG"), ("PING hi", "$2 hi"), ("PING a b", "-ERR wrong number of arguments for 'ping' command"),
            ("ECHO x", "$1 x"), ("ping", "+PONG"),
        ],
        [
            ("SELECT 0", "+OK"), ("SELECT 1", "-ERR DB index is out of range"),
            ("SELECT x", "-ERR value is not an integer or out of range"),
        ],
        [
            ("CLIENT ID", ":7"), ("CLIENT GETNAME", "$-1"), ("CLIENT SETNAME me", "+OK"), ("CLIENT GETNAME", "$2 me"),
            ("CLIENT SETINFO LIB-NAME x", "+OK"), ("CLIENT NO-EVICT ON", "+OK"), ("RESET", "+RESET"),
            ("CLIENT GETNAME", "$-1"),
        ],
        [
            (
                "HELLO 3",
                "%7 $6 server $6 bunder $7 version $5 7.0.0 $5 proto :3"
                    + " $2 id :7 $4 mode $10 standalone $4 role $6 master $7 modules *0"
            ), ("GET nothing", "_"), ("CONFIG GET save", "%1 $4 save $0"),
            ("HELLO 4", "-NOPROTO unsupported protocol version"), ("HELLO 2 SETNAME", "-ERR syntax error"),
            ("GET nothing", "_"),
        ],
        [
            ("GET", "-ERR wrong number of arguments for 'get' command"),
            ("GET a b", "-ERR wrong number of arguments for 'get' command"),
            ("nope a b", "-ERR unknown command 'nope', with args beginning with: 'a' 'b'"),
        ],
        [
            ("COMMAND DOCS", "*0"), ("CONFIG GET append*", "*4 $11 appendfsync $6 always $10 appendonly $3 yes"),
            ("CONFIG SET a b", "-ERR settings are made in the cluster file; CONFIG knows GET only"),
        ],
        [("AUTH p k", "-ERR this connection belongs to its project already; open another one to use another project")],
        [
            ("SCAN x", "-ERR invalid cursor"), ("SCAN 0 COUNT 0", "-ERR syntax error"),
            ("SCAN 0 MATCH", "-ERR syntax error"), ("SCAN 0 COUNT 20", "*2 $1 0 *0"),
        ],
        [("SET \"\" v", "-ERR a key has 1 to 1024 bytes"), ("INCR \"\"", "-ERR a key has 1 to 1024 bytes")],
    ])
    func `answers as Redis answers`(script: [(String, String)]) {
        let console = Console()
        for (line, reply) in script { #expect(console.run(line) == reply, "\(line)") }
    }

    @Test func `a key is gone from the moment on, also before it is removed`() {
        let console = Console()
        console.run("SET a 1 PX 100")
        console.now += 99
        #expect(console.run("GET a") == "$1 1")
        #expect(console.keyspace.expired(at: console.now, max: 10).isEmpty)
        console.now += 1
        #expect(console.run("GET a") == "$-1")
        #expect(console.run("TTL a") == ":-2")
        #expect(console.run("KEYS *") == "*0")
        #expect(console.run("SET a 2 NX") == "+OK")
        #expect(console.keyspace.expired(at: console.now, max: 10).isEmpty)
        #expect(console.run("GET a") == "$1 2")
    }

    @Test func `memory has a limit, and deleting makes room`() {
        let console = Console()
        console.limits.memoryMax = 1000
        #expect(console.run("SET a \(String(repeating: "x", count: 500))") == "+OK")
        let full = "-OOM command not allowed when used memory > 'maxmemory'."
        #expect(console.run("SET b \(String(repeating: "x", count: 500))") == full)
        #expect(console.run("APPEND a \(String(repeating: "x", count: 500))") == full)
        #expect(console.run("SET a short") == "+OK")
        #expect(console.run("SET b \(String(repeating: "x", count: 500))") == "+OK")
        console.run("FLUSHALL")
        #expect(console.keyspace.bytes == 0)
    }

    @Test func `keys and values have limits`() {
        let console = Console()
        console.limits.valueMax = 10
        #expect(console.run("SET \(String(repeating: "k", count: 1024)) v") == "+OK")
        #expect(console.run("SET \(String(repeating: "k", count: 1025)) v") == "-ERR a key has 1 to 1024 bytes")
        #expect(console.run("SET a 1234567890") == "+OK")
        #expect(console.run("APPEND a 1") == "-ERR string exceeds maximum allowed size (10 bytes)")
    }
}
