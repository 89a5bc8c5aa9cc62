import Foundation
import Glibc
import JSON
import Testing
import Trial

/// A project that takes all it can get ends at its own limits; another one is served as before.
@Suite(.serialized, .enabled(if: getuid() == 0))
struct AppetiteTests {
    @Test func `processes, descriptors and the size of files end at the limits, and nobody else notices`() throws {
        let site = try ClimbingSite()
        let neighbour = try Neighbour(site.cluster)
        _ = try site.tenant.pid("loose")
        let pids = try site.cluster.status()["isolation"]?["limits"]?.array?.first { $0["limit"]?.string == "pids" }
        #expect(pids?["enforced"]?.bool == true)
        #expect(try site.tenant.fact("loose", "processes") == "11")
        let descriptors = try #require(Int(try site.tenant.fact("loose", "descriptors")))
        #expect((50..<100).contains(descriptors))
        #expect(try site.tenant.climb("loose", "fill", "20") == EFBIG)
        #expect(try site.tenant.climb("loose", "fill", "8") == 0)
        #expect(neighbour.failures == [])
    }

    @Test func `one project's processes do not count against another of the same program`() throws {
        let site = try ClimbingSite()
        #expect(try site.tenant.fact("loose", "processes") == "11")
        #expect(try site.victim.fact("loose", "processes") == "11")
    }
}
