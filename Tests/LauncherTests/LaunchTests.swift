import Launcher
import Nouns
import Testing

struct LaunchTests {
    /// A launch and the moment, moved by hand.
    struct Story {
        var launch = Launch()
        var now = Instant.zero

        /// All actions but what is said.
        mutating func tell(_ event: Launch.Event) -> [Launch.Action] {
            launch.handle(event, at: now).filter { if case .say = $0 { false } else { true } }
        }

        mutating func wait(_ duration: Duration) { now = now + duration }

        /// Waits for the deadline, which must be there.
        mutating func passDeadline() throws -> Duration {
            let deadline = try #require(launch.deadline)
            defer { now = deadline }
            return deadline - now
        }

        static func serving() -> Story {
            var story = Story()
            #expect(story.launch.begin() == [.spawn])
            #expect(story.tell(.ready) == [.announce])
            return story
        }
    }

    @Test func `starts the supervisor and announces it once`() {
        var story = Story.serving()
        #expect(story.tell(.exited(.signal(9))) == [.spawn])
        #expect(story.tell(.ready) == [])
        #expect(story.tell(.ready) == [])
    }

    @Test func `starts it again at once, then after waits that double up to ten seconds`() throws {
        var story = Story.serving()
        #expect(story.tell(.exited(.signal(9))) == [.spawn])
        var waits: [Duration] = []
        for _ in 0..<9 {
            #expect(story.tell(.exited(.code(1))) == [])
            waits.append(try story.passDeadline())
            #expect(story.tell(.deadline) == [.spawn])
        }
        #expect(waits == [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000].map { .milliseconds($0) })
    }

    @Test func `does not start it before the wait is over`() throws {
        var story = Story.serving()
        _ = story.tell(.exited(.signal(9)))
        _ = story.tell(.exited(.signal(9)))
        story.wait(.milliseconds(99))
        #expect(story.tell(.deadline) == [])
        story.wait(.milliseconds(1))
        #expect(story.tell(.deadline) == [.spawn])
    }

    @Test func `waits a second at most for one that had become ready`() throws {
        var story = Story.serving()
        #expect(story.tell(.exited(.signal(9))) == [.spawn])
        var waits: [Duration] = []
        for _ in 0..<6 {
            _ = story.tell(.ready)
            #expect(story.tell(.exited(.signal(9))) == [])
            waits.append(try story.passDeadline())
            #expect(story.tell(.deadline) == [.spawn])
        }
        #expect(waits == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
    }

    @Test func `begins the waits anew after a second of service`() {
        var story = Story.serving()
        _ = story.tell(.exited(.signal(9)))
        _ = story.tell(.ready)
        story.wait(.milliseconds(999))
        #expect(story.tell(.exited(.signal(9))) == [])
        story.wait(.milliseconds(100))
        #expect(story.tell(.deadline) == [.spawn])
        _ = story.tell(.ready)
        story.wait(.seconds(1))
        #expect(story.tell(.exited(.signal(9))) == [.spawn])
    }

    @Test(arguments: [64, 75, 78] as [Int32])
    func `does not try again when the supervisor refuses to start`(code: Int32) {
        var story = Story()
        _ = story.launch.begin()
        #expect(story.tell(.exited(.code(code))) == [.end(code)])
    }

    @Test func `tries again when a cluster file was broken behind a supervisor that served`() {
        var story = Story.serving()
        #expect(story.tell(.exited(.signal(9))) == [.spawn])
        #expect(story.tell(.exited(.code(78))) == [])
        #expect(story.launch.deadline != nil)
    }

    @Test func `ends when the supervisor cannot be started the first time`() {
        var story = Story()
        _ = story.launch.begin()
        #expect(story.tell(.spawnFailed("no such file")) == [.end(1)])
    }

    @Test func `tries again when a supervisor that served cannot be started any more`() throws {
        var story = Story.serving()
        #expect(story.tell(.exited(.signal(11))) == [.spawn])
        #expect(story.tell(.spawnFailed("no memory")) == [])
        #expect(try story.passDeadline() == .milliseconds(100))
    }

    @Test func `starts it again when it exits in peace without being asked`() {
        var story = Story.serving()
        #expect(story.tell(.exited(.code(0))) == [.spawn])
    }

    @Test func `ends when everything is down, whoever asked for it`() {
        var asked = Story.serving()
        #expect(asked.tell(.stopAsked) == [.interrupt])
        #expect(asked.tell(.finished) == [])
        #expect(asked.tell(.exited(.code(0))) == [.end(0)])
        var unasked = Story.serving()
        #expect(unasked.tell(.finished) == [])
        #expect(unasked.tell(.exited(.code(0))) == [.end(0)])
    }

    @Test func `passes a wish to stop on when the starting supervisor is ready`() {
        var story = Story()
        _ = story.launch.begin()
        #expect(story.tell(.stopAsked) == [])
        #expect(story.tell(.ready) == [.interrupt])
        #expect(story.launch.deadline == nil)
    }

    @Test func `passes a wish to stop on after a while to one that does not become ready`() throws {
        var story = Story()
        _ = story.launch.begin()
        _ = story.tell(.stopAsked)
        #expect(try story.passDeadline() == Launch.stopWait)
        #expect(story.tell(.deadline) == [.interrupt])
        #expect(story.launch.deadline == nil)
    }

    @Test func `starts a supervisor that rests, so that it can stop the rest`() {
        var story = Story.serving()
        _ = story.tell(.exited(.signal(9)))
        _ = story.tell(.exited(.signal(9)))
        #expect(story.tell(.stopAsked) == [.spawn])
        #expect(story.tell(.ready) == [.interrupt])
    }

    @Test func `starts it again when it dies over stopping, three times at most`() {
        var story = Story.serving()
        #expect(story.tell(.stopAsked) == [.interrupt])
        #expect(story.tell(.exited(.signal(9))) == [.spawn])
        #expect(story.tell(.ready) == [.interrupt])
        #expect(story.tell(.exited(.signal(9))) == [.spawn])
        #expect(story.tell(.exited(.signal(9))) == [.end(1)])
    }

    @Test func `leaves at the third wish to stop`() {
        var story = Story.serving()
        #expect(story.tell(.stopAsked) == [.interrupt])
        #expect(story.tell(.stopAsked) == [])
        #expect(story.tell(.stopAsked) == [.end(1)])
    }

    @Test func `passes a reload on while the supervisor serves`() {
        var story = Story()
        _ = story.launch.begin()
        #expect(story.tell(.reloadAsked) == [])
        _ = story.tell(.ready)
        #expect(story.tell(.reloadAsked) == [.reload])
    }

    @Test func `says why it ends and why it waits`() {
        var launch = Launch()
        _ = launch.begin()
        _ = launch.handle(.ready, at: .zero)
        _ = launch.handle(.exited(.signal(9)), at: .zero)
        #expect(
            launch.handle(.exited(.code(3)), at: .zero)
                == [.say("supervisor exited with code 3; starting it again in 100 ms, projects go on")])
    }
}
