import Contracts
import Glibc
import Linux
import Nouns
import Service
import Testing

/// A child in this process, with this test as its supervisor.
final class ChildTests {
    let loop: EventLoop
    let path = "/tmp/bunbase-child-\(getpid())-\(Random.word())"
    let receiver: NotifyReceiver
    var notices: [String] = []
    let supervisor: PacketConnection
    let child: Child

    init() throws {
        loop = try EventLoop()
        var take: ((String) -> Void)?
        receiver = try NotifyReceiver(at: path, on: loop) { take?($0.text) }
        let (ours, theirs) = try Socket.pair(.packets)
        supervisor = try PacketConnection(ours, on: loop)
        child = try Child(
            .platform, on: loop,
            Inheritance(
                variables: [ChildEnvironment.notifySocket: path],
                descriptors: PassedDescriptors([(DescriptorName.control, theirs)])))
        take = { [unowned self] in notices.append($0) }
    }

    deinit { receiver.close() }

    func assign(_ watchdog: Duration? = .milliseconds(40), names: [String] = ["tcp"], count: Int = 1) throws {
        let assignment = Assignment(
            instance: InstanceID("@shared/platform")!, incarnation: Incarnation(3), generation: Generation(9),
            token: nil, data: "/data", descriptors: names, watchdog: watchdog, settings: ["projects_max": "7"])
        let sockets = try (0..<count).map { _ in try Socket.listen(on: .loopback(port: 0)) }
        supervisor.send(ControlChannel.FromSupervisor.assign(assignment).message, sockets)
    }

    func count(_ notice: String) -> Int { notices.count { $0 == notice } }

    @Test func `says that it is blank, takes its assignment, and says that it serves`() throws {
        var got: (Assignment, Descriptor?)?
        child.onAssigned = { [child] assignment, descriptors in
            got = (assignment, descriptors.takeOne("tcp"))
            child.ready("serving 0 projects")
        }
        child.start()
        try loop.turn(until: !notices.isEmpty)
        #expect(notices == ["READY=1\nX_BUNBASE_BLANK=1"])
        #expect(child.assignment == nil)
        try assign()
        try loop.turn(until: notices.count == 2)
        #expect(notices[1] == "READY=1\nSTATUS=serving 0 projects")
        #expect(got?.0.incarnation == Incarnation(3))
        #expect(got?.0.settings == ["projects_max": "7"])
        #expect(try Socket.localPort(of: try #require(got?.1)) > 0)
    }

    @Test func `prepares for its assignment once, before it says that it is blank`() throws {
        var preparations = 0
        child.onBlank = { preparations += 1 }
        child.start()
        try loop.turn(until: !notices.isEmpty)
        #expect(preparations == 1)
        try assign()
        try loop.turn(until: child.assignment != nil)
        #expect(preparations == 1)
    }

    @Test func `does not call itself blank when its assignment is there already`() throws {
        child.onAssigned = { [child] _, _ in child.ready() }
        try assign()
        child.start()
        try loop.turn(until: !notices.isEmpty)
        #expect(notices == ["READY=1"])
    }

    @Test func `pings at once and then at half the period while it is watched`() throws {
        child.onAssigned = { _, _ in }
        child.start()
        try assign()
        try loop.turn(until: child.assignment != nil)
        let start = ContinuousClock.now
        supervisor.send(ControlChannel.FromSupervisor.watch(true).message)
        try loop.turn(until: count("WATCHDOG=1") == 1)
        try loop.turn(until: count("WATCHDOG=1") == 4)
        #expect(ContinuousClock.now - start >= .milliseconds(60))
        supervisor.send(ControlChannel.FromSupervisor.watch(false).message)
        child.say(status: "unwatched")
        try loop.turn(until: notices.contains("STATUS=unwatched"))
        try loop.turn(wait: .zero)
        // No timer is left: the loop would sleep forever.
        #expect(loop.timers.next == nil)
    }

    @Test func `pings on its own when the supervisor is gone, and says that it is busy`() throws {
        child.onAssigned = { _, _ in }
        child.start()
        try assign()
        try loop.turn(until: child.assignment != nil)
        child.setBusy(true)
        child.setBusy(true)
        supervisor.close()
        try loop.turn(until: count("WATCHDOG=1\nX_BUNBASE_BUSY=1") == 2)
        #expect(count("X_BUNBASE_BUSY=1") == 1)
        child.setBusy(false)
        try loop.turn(until: count("WATCHDOG=1") == 1)
        #expect(count("X_BUNBASE_BUSY=0") == 1)
    }

    @Test func `tells a new life of the supervisor all that the last one may have missed, and is not watched`() throws {
        child.onAssigned = { [child] _, _ in child.ready() }
        child.start()
        try assign()
        supervisor.send(ControlChannel.FromSupervisor.watch(true).message)
        try loop.turn(until: count("WATCHDOG=1") == 2)
        child.setBusy(true)
        try assign()
        supervisor.send(ControlChannel.FromSupervisor.resume.message)
        try loop.turn(until: count("READY=1\nX_BUNBASE_BUSY=1") == 1)
        #expect(child.failure == nil)
        #expect(loop.timers.next == nil)
        child.onTerminate = {}
        child.terminate()
        child.setBusy(false)
        supervisor.send(ControlChannel.FromSupervisor.resume.message)
        try loop.turn(until: count("READY=1\nX_BUNBASE_BUSY=0\nSTOPPING=1") == 1)
    }

    @Test func `takes the assignment that is repeated when the first was never sent`() throws {
        child.onAssigned = { [child] _, _ in child.ready() }
        child.start()
        try loop.turn(until: !notices.isEmpty)
        supervisor.send(ControlChannel.FromSupervisor.resume.message)
        try assign()
        try assign()
        try loop.turn(until: count("READY=1") == 1)
        #expect(child.failure == nil)
    }

    @Test func `repeats that it serves when the supervisor is gone`() throws {
        child.onAssigned = { [child] _, _ in child.ready() }
        child.start()
        try assign()
        try loop.turn(until: count("READY=1") == 1)
        supervisor.close()
        try loop.turn(until: count("WATCHDOG=1\nREADY=1") == 2)
    }

    @Test func `ends when the supervisor is gone while it is blank`() throws {
        child.start()
        supervisor.close()
        try loop.run()
        #expect(child.failure == nil)
    }

    @Test func `drains when it is told to end`() throws {
        var isDraining = false
        child.onAssigned = { _, _ in }
        child.onTerminate = { isDraining = true }
        child.start()
        try assign()
        try loop.turn(until: child.assignment != nil)
        child.terminate()
        child.terminate()
        #expect(isDraining)
        try loop.turn(until: count("STOPPING=1") == 1)
        loop.afterBatch { [child] in child.finish() }
        try loop.run()
    }

    @Test func `ends at once when it is told to while it is blank`() throws {
        child.onTerminate = { Issue.record("there is nothing to drain") }
        child.start()
        loop.afterBatch { [child] in child.terminate() }
        try loop.run()
        try loop.turn(until: count("STOPPING=1") == 1)
    }

    @Test func `says that it is quiet after a second without work, and again when it was watched since`() throws {
        child.onAssigned = { _, _ in }
        child.start()
        try assign(nil)
        try loop.turn(until: child.assignment != nil)
        child.setQuiet(true)
        child.setQuiet(false)
        child.setQuiet(true)
        #expect(loop.timers.count == 1)
        try loop.turn(until: count("X_BUNBASE_QUIET=1") == 1)
        supervisor.send(ControlChannel.FromSupervisor.watch(true).message)
        try loop.turn(until: count("X_BUNBASE_QUIET=1") == 2)
    }

    @Test func `ends with its reason when the assignment cannot be carried out`() throws {
        child.onAssigned = { _, _ in throw StartFailure("the registry is damaged") }
        child.start()
        try assign()
        try loop.run()
        #expect(child.failure == StartFailure("the registry is damaged"))
        try loop.turn(until: notices.contains("STATUS=the registry is damaged"))
    }

    @Test func `refuses an assignment that names other descriptors than it carries`() throws {
        child.onAssigned = { _, _ in Issue.record("assigned") }
        child.start()
        try assign(names: ["tcp", "unix"], count: 1)
        try loop.run()
        #expect(child.failure == StartFailure("the assignment names other descriptors than it carries"))
    }

    @Test func `takes its assignment from the environment when there is no supervisor`() throws {
        let listener = try Socket.listen(on: .loopback(port: 0))
        let directory = "/tmp/bunbase-credentials-\(Random.word())"
        mkdir(directory, 0o700)
        let token = "00112233445566778899aabbccddeeff"
        let file = fopen(directory + "/token", "w")
        fputs(token + "\n", file)
        fclose(file)
        defer {
            unlink(directory + "/token")
            rmdir(directory)
        }
        let alone = try Child(
            .bundoc, on: loop,
            Inheritance(
                variables: [
                    "NOTIFY_SOCKET": path, "BUNBASE_PROJECT": "acme", "BUNBASE_DATA": "/data", "WATCHDOG_USEC": "40000",
                    "BUNBASE_SET_BODY_MAX": "5", "CREDENTIALS_DIRECTORY": directory,
                ],
                descriptors: PassedDescriptors([("tcp", listener)])))
        var socket: Descriptor?
        alone.onAssigned = { _, descriptors in
            socket = descriptors.takeOne("tcp")
            alone.ready()
        }
        alone.start()
        #expect(socket === listener)
        #expect(alone.assignment?.instance == InstanceID("acme/bundoc"))
        #expect(alone.assignment?.token == Token(token))
        #expect(alone.assignment?.settings == ["body_max": "5"])
        try loop.turn(until: count("WATCHDOG=1") == 3)
        #expect(count("READY=1") == 1)
        alone.onAssigned = nil
    }

    @Test(arguments: [
        ["BUNBASE_PROJECT": "Not a form", "BUNBASE_DATA": "/data"], ["BUNBASE_PROJECT": "acme"],
        ["BUNBASE_DATA": "relative"],
    ])
    func `says what is wrong with its environment`(variables: [String: String]) throws {
        let alone = try Child(.bundoc, on: loop, Inheritance(variables: variables, descriptors: PassedDescriptors()))
        alone.start()
        let failure = try #require(alone.failure)
        #expect(failure.description.hasPrefix("BUNBASE_"))
    }
}
