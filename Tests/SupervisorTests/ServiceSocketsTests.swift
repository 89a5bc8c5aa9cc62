import Config
import Contracts
import Glibc
import Linux
import Nouns
import SupervisorShell
import Testing

struct ServiceSocketsTests {
    let scratch = Scratch()
    private let names = [DescriptorName.http, DescriptorName.https, DescriptorName.resp]

    private func sockets(ofEach count: Int) throws -> ServiceSockets {
        var own: [String: [Descriptor]] = [:]
        for name in names {
            own[name] = (0..<count).map { _ in Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)) }
        }
        return ServiceSockets(own: own, store: DescriptorStore(nil))
    }

    @Test func `a front with as many loops as there may be gets all its sockets in one message`() throws {
        var program = ProgramSettings(program: "/bin/true")
        for name in names { program.sockets[name] = .inherited(name) }
        program.sockets[DescriptorName.metrics] = .stream(scratch.path + "/metrics.sock")
        let given = try sockets(ofEach: ServiceSockets.ownMax).sockets(of: .front, program)
        #expect(given.count == 3 * ServiceSockets.ownMax + 1)
        let pair = try Socket.pair(.packets)
        let loop = try EventLoop()
        let (sender, receiver) = (
            try PacketConnection(pair.0, on: loop), try PacketConnection(pair.1, on: loop)
        )
        var got = 0
        receiver.onMessage = { got = $1.count }
        sender.send(Message("assign"), given.map(\.descriptor))
        try loop.turn(wait: .seconds(1))
        #expect(got == given.count)
    }

    @Test func `more sockets than a message carries are an error of the kind that asks for them`() throws {
        var program = ProgramSettings(program: "/bin/true")
        for index in 0..<5 { program.sockets["again\(index)"] = .inherited(DescriptorName.http) }
        let sockets = try sockets(ofEach: ServiceSockets.ownMax)
        let error = #expect(throws: SystemError.self) { try sockets.sockets(of: .front, program) }
        #expect(error?.code == E2BIG)
    }

    @Test func `a supervisor that is passed more sockets of a name than it can serve does not start`() throws {
        let (first, count) = (Int32(600), ServiceSockets.ownMax + 1)
        let null = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC))
        for number in first..<first + Int32(count) { #expect(dup2(null.number, number) == number) }
        let passed = try ListenFDs(
            count: "\(count)", pid: "\(getpid())",
            names: Array(repeating: DescriptorName.resp, count: count).joined(separator: ":"), from: first)
        let life = try Life()
        let error = #expect(throws: Daemon.StartError.self) {
            try Daemon.start(life.cluster, on: life.loop, Daemon.Options(inherited: passed)) {
                () throws(ConfigError) in life.cluster
            }
        }
        #expect(error?.description.hasPrefix("17 sockets named resp were passed, at most 16 can be served") == true)
    }
}
