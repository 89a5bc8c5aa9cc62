import Routing
import Testing

@Suite struct RESPGreetingTests {
    func read(_ text: String) -> RESPGreeting.Reading { Array(text.utf8).withUnsafeBytes { RESPGreeting.read($0) } }

    @Test func `reads a command when all of it is there, and not before`() {
        let text = "*3\r\n$4\r\nAUTH\r\n$1\r\np\r\n$3\r\nk\r\n\r\n"
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            #expect(bytes[..<count].withUnsafeBytes { RESPGreeting.read($0) } == .incomplete, "\(count)")
        }
        #expect(read(text + "rest") == .command(.auth(project: "p", key: "k\r\n"), length: bytes.count))
    }

    @Test(arguments: [
        ("AUTH p k\r\n", RESPGreeting.Command.auth(project: "p", key: "k")),
        ("auth p k\n", .auth(project: "p", key: "k")), ("AUTH\tp \tk\r\n", .auth(project: "p", key: "k")),
        ("HELLO 2 AUTH p k\r\n", .hello(version: 2, project: "p", key: "k")),
        (
            "*5\r\n$5\r\nhello\r\n$1\r\n3\r\n$4\r\nauth\r\n$1\r\np\r\n$1\r\nk\r\n",
            .hello(version: 3, project: "p", key: "k")
        ),
        ("QUIT\r\n", .quit), ("\r\n", .refused("")), ("GET a\r\n", .refused(RESPGreeting.unauthenticated)),
    ]) func `knows what it needs to know`(_ text: String, _ command: RESPGreeting.Command) {
        #expect(read(text) == .command(command, length: text.utf8.count))
    }

    @Test(arguments: [
        ("AUTH k\r\n", "-ERR "), ("HELLO\r\n", "-NOAUTH "), ("HELLO 3\r\n", "-NOAUTH "),
        ("HELLO 4 AUTH p k\r\n", "-NOPROTO "),
        ("HELLO 3 SETNAME x\r\n", "-ERR "), ("HELLO 3 AUTH p k SETNAME x\r\n", "-ERR "),
    ]) func `says what is wrong with a greeting`(_ text: String, _ prefix: String) {
        guard case .command(.refused(let reply), _) = read(text) else {
            Issue.record("\(read(text))")
            return
        }
        #expect(reply.hasPrefix(prefix) && reply.hasSuffix("\r\n"))
    }

    @Test(arguments: [
        "*0\r\n", "*-1\r\n", "*01\r\n", "*1\r\n$01\r\na\r\n", "*17\r\n", "*x\r\n", "*1\r\nGET\r\n", "*1\r\n$-1\r\n",
        "*1\r\n$2000\r\n",
        "*1\r\n$1\r\nabc",
        String(repeating: "a ", count: 17) + "\r\n", String(repeating: "a", count: 1_024),
    ]) func `ends a connection that speaks otherwise`(_ text: String) {
        guard case .broken = read(text) else {
            Issue.record("\(read(text))")
            return
        }
    }
}
