import Contracts
import Glibc
import Linux
import Nouns
import Service

/// The front's life from its first line to its last.
package enum FrontProgram {
    /// Of the key table's file.
    private static let snapshotBytesMax = 64 << 20

    /// Returns the exit code.
    package static func run() -> Int32 {
        Child.run(.front) { child in
            let front = Front(on: child.loop, session: Random.word())
            child.onAssigned = { assignment, descriptors throws in
                try begin(front, child, assignment, &descriptors)
            }
            child.onTerminate = {
                front.onDrained = { child.finish() }
                front.drain()
            }
        }
    }

    /// Listens once the supervisor has said what the cluster file says: until then clients wait in the kernel's queue.
    static func begin(
        _ front: Front, _ child: Child, _ assignment: Assignment, _ descriptors: inout PassedDescriptors
    ) throws {
        guard let run = getenv(ChildEnvironment.run), run[0] != 0 else {
            throw StartFailure("\(ChildEnvironment.run) does not name the runtime directory")
        }
        let paths = RunPaths(String(cString: run))
        let (http, resp) = (descriptors.take(DescriptorName.http), descriptors.take(DescriptorName.resp))
        guard !http.isEmpty else { throw StartFailure("no listening socket named \(DescriptorName.http) was passed") }
        if let path = assignment.settings["keys_snapshot"], let snapshot = snapshot(at: path) {
            front.begin(with: snapshot)
        }
        front.onConfigured = {
            front.onConfigured = nil
            do throws(SystemError) {
                for descriptor in http { try front.listen(http: descriptor) }
                for descriptor in resp { try front.listen(resp: descriptor) }
            } catch {
                return child.fail(StartFailure("\(error)"))
            }
            front.onIdle = { child.setQuiet($0) }
            child.ready("accepting connections")
            child.setQuiet(true)
        }
        front.joinSupervisor(at: paths.lease)
        front.joinPlatform(at: paths.keys)
    }

    /// What the platform left, if it is there and whole; else the platform itself will say.
    private static func snapshot(at path: String) -> KeySnapshot? {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let descriptor = Descriptor(number)
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= snapshotBytesMax {
            let count = read(descriptor.number, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? try? KeySnapshot(decoding: bytes) : nil }
            bytes += block[..<count]
        }
        return nil
    }
}
