import Terminal
import Testing

struct ClusterLocationTests {
    static func home(
        _ environment: [String: String] = [:], calledAs: String = "bunbase", program: String = "/usr/bin/bunbase",
        existing: String...
    ) -> String? {
        ClusterLocation.home(
            environment: environment, calledAs: calledAs, program: program, workingDirectory: "/srv",
            exists: { existing.contains($0) })
    }

    @Test func `takes what BUNBASE_HOME says, there or not`() {
        #expect(Self.home(["BUNBASE_HOME": "/x"], existing: "/var/lib/bunbase/data") == "/x")
        #expect(Self.home(["BUNBASE_HOME": "x"]) == "/srv/x")
        #expect(Self.home(["BUNBASE_HOME": ""]) == nil)
    }

    @Test func `knows the home from the link it was called by`() {
        #expect(Self.home(calledAs: "/h/.bunbase/bin/bunbase", existing: "/h/.bunbase/data") == "/h/.bunbase")
        #expect(
            Self.home(calledAs: "repo/.bunbase/bin/bunbase", existing: "/srv/repo/.bunbase/data")
                == "/srv/repo/.bunbase")
    }

    @Test func `finds the repository it was built in, then the user's, then the machine's`() {
        let built = "/r/.build/x86_64/release/bunbase"
        let user = ["HOME": "/home/u"]
        #expect(
            Self.home(user, program: built, existing: "/r/.bunbase/data", "/home/u/.bunbase/data") == "/r/.bunbase")
        #expect(
            Self.home(user, program: built, existing: "/home/u/.bunbase/data", "/var/lib/bunbase/data")
                == "/home/u/.bunbase")
        #expect(Self.home(user, program: built, existing: "/var/lib/bunbase/data") == "/var/lib/bunbase")
        #expect(Self.home(user, program: built) == nil)
    }
}
