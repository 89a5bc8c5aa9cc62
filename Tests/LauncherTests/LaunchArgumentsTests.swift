import Launcher
import Testing

struct LaunchArgumentsTests {
    static let whole = LaunchArguments(
        run: "/h/run", http: "127.0.0.1:1", resp: "127.0.0.1:2", status: "127.0.0.1:3", supervisor: "/b/s",
        cluster: "/c.yaml", announcement: "/h/run/announcement", log: "/h/logs/init.log")

    @Test func `reads back what it writes`() throws {
        #expect(try LaunchArguments(Self.whole.words) == Self.whole)
        var attached = Self.whole
        attached.log = nil
        #expect(try LaunchArguments(attached.words) == attached)
        (attached.https, attached.resps) = ("127.0.0.1:4", "127.0.0.1:5")
        #expect(try LaunchArguments(attached.words) == attached)
    }

    @Test(arguments: [
        (["--colour", "red"], "unknown option --colour"), (["--run"], "--run needs a value"),
        (["--run", "a", "--run", "b"], "--run is given twice"), (["--run", "a"], "--http is missing"),
    ])
    func `refuses other words`(words: [String], reason: String) {
        #expect(throws: LaunchArguments.Malformed(reason: reason)) { try LaunchArguments(words) }
    }
}
