import Config
import Contracts
import Foundation
import JSON
import Linux
import Nouns
import Service
import Supervision
import SupervisorShell
import Testing

/// A small cluster of real processes, with a supervisor that runs in the test.
final class Life {
    static let kind = Kind("echo")!
    static let instance = InstanceID("acme/echo")!

    /// A process that says that it is ready, prints a line, and leaves politely.
    static let polite = """
        use Socket; $| = 1;
        sub inform { socket(my $s, AF_UNIX, SOCK_DGRAM, 0); send($s, $_[0], 0, sockaddr_un($ENV{NOTIFY_SOCKET})) }
        $SIG{TERM} = sub { inform("STOPPING=1"); exit 0 };
        print "hello from $ENV{BUNBASE_PROJECT} with $ENV{LISTEN_FDNAMES}\\n";
        inform("READY=1\\nSTATUS=at your service");
        sleep 100 while 1;
        """

    let scratch: Scratch
    let loop: EventLoop
    var cluster: ClusterFile
    private(set) var daemon: Daemon!

    init(_ script: String = polite, in scratch: Scratch = Scratch(), adjust: (inout ClusterFile) -> Void = { _ in })
        throws
    {
        self.scratch = scratch
        loop = try EventLoop()
        cluster = ClusterFile(path: "test.yaml", home: Home(scratch.path + "/home"))
        cluster.logs.directory = scratch.path + "/home/logs"
        cluster.supervision.ports = 29_000...29_009
        var settings = KindSettings()
        settings.watchdog = nil
        cluster.supervision.kinds[Self.kind] = settings
        var program = ProgramSettings(program: "/usr/bin/perl")
        program.arguments = ["-e", script]
        cluster.programs[Self.kind] = program
        let free = try Socket.listen(on: .loopback(port: 0))
        cluster.status = Address("127.0.0.1:\(try Socket.localPort(of: free))")!
        free.close()
        adjust(&cluster)
    }

    /// What reading the cluster file again gives.
    var reread: Result<ClusterFile, ConfigError> = .failure(ConfigError([]))

    func start() throws {
        let inherited = try ListenFDs(count: nil, pid: nil, names: nil)
        daemon = try Daemon.start(cluster, on: loop, Daemon.Options(inherited: inherited)) {
            [unowned self] () throws(ConfigError) in try reread.get()
        }
    }

    /// Turns the loop until it holds.
    func until(_ what: Comment, _ condition: () throws -> Bool) throws {
        let deadline = EventLoop.clock() + .seconds(30)
        while try !condition() {
            try #require(EventLoop.clock() < deadline, what)
            try loop.turn(wait: .milliseconds(50))
        }
    }

    @discardableResult
    func ask(
        _ method: StaticString, _ path: String, body: [UInt8]? = nil, at place: HTTPClient.Place? = nil
    ) throws -> (status: Int, json: JSONValue, text: String) {
        var answer: Result<HTTPClient.Answer, HTTPClient.Failure>?
        let client = HTTPClient(to: place ?? .unix(cluster.home.run.control), on: loop)
        client.send(method, path, body: body, timeout: .seconds(30)) { answer = $0 }
        try until("an answer to \(path)") { answer != nil }
        let found = try answer!.get()
        let json = (try? JSONValue(parsing: found.body)) ?? .null
        return (found.status, json, String(decoding: found.body, as: UTF8.self))
    }

    func view() throws -> JSONValue { try ask("GET", "/instances/acme/echo").json }

    /// Ends with everything down.
    func finish() throws {
        #expect(try ask("POST", "/shutdown").status == 202)
        #expect(try daemon.run() == .finished)
        daemon.release()
    }

    func detach() throws {
        #expect(try ask("POST", "/detach").status == 202)
        #expect(try daemon.run() == .detached)
        daemon.release()
    }

    func records(_ name: String) -> [JSONValue] {
        scratch.bytes("home/logs/\(name).jsonl").split(separator: UInt8(ascii: "\n"))
            .compactMap { try? JSONValue(parsing: Array($0)) }
    }
}
