import Contracts
import Glibc
import Linux
import Nouns
import SupervisorShell
import Testing

struct GenerationsTests {
    @Test func `the socket for hand-overs has a second name, for as long as it lives`() throws {
        let scratch = Scratch()
        let paths = RunPaths(scratch.path)
        mkdir(scratch.path + "/port", 0o700)
        var shared: [String] = []
        let generations = Generations(paths: paths, store: DescriptorStore(nil)) { shared.append($0) }
        let port = UInt16.random(in: 20_000...30_000)
        let fact = ListenerFact(
            instance: InstanceID(ProjectID("acme")!, .bunder), port: port, token: Random.token(), hasUnix: true,
            hasHandOff: true)
        try generations.bind(Generation(1), fact)
        let path = paths.handOff(port: port)
        #expect(unlink(path) == 0)
        _ = try Socket.connect(to: RunPaths.spare(of: path), .packets)
        generations.close(Generation(1))
        #expect(access(RunPaths.spare(of: path), F_OK) != 0)
        #expect(shared.contains(path))
    }
}
