import Testing
import Trial

extension SystemdTests {
    struct AloneTests {
        let box: Box

        init() throws { box = try Box() }

        @Test(arguments: [
            (
                "bundoc", "-X POST -d {} http://x/v1/projects/demo/databases/(default)/collections/notes/documents",
                "201"
            ),
            ("bunder", "-X PUT -d 1 http://x/kv/demo/kv/a", "200"),
        ])
        func `one program serves one project as a unit of its own, to who has the token`(
            _ kind: String, _ request: String, _ status: String
        ) throws {
            let token = "00112233445566778899aabbccddeeff"
            try box.run("mkdir -p -m 700 /etc/bunbase/tokens; echo \(token) > /etc/bunbase/tokens/demo")
            defer { _ = try? box.run("systemctl stop bunbase-\(kind)@demo.service bunbase-\(kind)@demo.socket") }
            try box.run("systemctl start bunbase-\(kind)@demo.service")
            let curl = "curl -s -g -o /dev/null -w '%{http_code}' --unix-socket /run/bunbase-alone/demo/\(kind).sock"
            #expect(try box.run("\(curl) -H 'X-Bunbase-Token: \(token)' \(request.replacingParentheses)") == status)
            #expect(try box.run("\(curl) \(request.replacingParentheses)") == "421")
            #expect(try box.run("systemctl show -P StatusText bunbase-\(kind)@demo.service") != "nothing")
            try box.run("systemctl kill -s KILL bunbase-\(kind)@demo.service")
            #expect(try box.run("\(curl) -H 'X-Bunbase-Token: \(token)' \(request.replacingParentheses)") == status)
        }

        @Test func `the registry of projects runs alone`() throws {
            defer { _ = try? box.run("systemctl stop bunbase-platform.service 'bunbase-platform*.socket'") }
            try box.run("systemctl start bunbase-platform.service")
            let answer = try box.run("curl -s --unix-socket /run/bunbase-alone/platform.sock http://x/projects")
            #expect(answer.hasPrefix("{") || answer.hasPrefix("["))
        }

        @Test func `a further front serves the cluster's projects at its own address`() throws {
            defer { _ = try? box.run("systemctl stop bunbase-front.service bunbase-front.socket") }
            try box.start()
            let project = try box.project("further")
            try box.run("systemctl start bunbase-front.service")
            let answer = try box.run(
                "curl -s -X PUT -d hello -o /dev/null -w '%{http_code}' -H 'X-Bunbase-Client-Key: \(project.key)' "
                    + "http://127.0.0.1:18092/v1/kv/kv/a")
            #expect(answer == "200")
        }
    }
}

extension String {
    /// Parentheses as a shell takes them for letters.
    fileprivate var replacingParentheses: String { replacing("(", with: "\\(").replacing(")", with: "\\)") }
}
