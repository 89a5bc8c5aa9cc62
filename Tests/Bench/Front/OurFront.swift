import Contracts
import Glibc
import Linux
import Trial

/// The release program `bunbase-front` between a crew's channels, with one loop.
final class OurFront: Proxy {
    let port: UInt16
    let respPort: UInt16
    private let ground: Ground
    private let crew: Crew
    private let process: ChildProcess

    init(on ground: Ground, _ crew: Crew) throws {
        (self.ground, self.crew) = (ground, crew)
        let http = try Socket.listen(on: .loopback(port: 0), sharesPort: true)
        let resp = try Socket.listen(on: .loopback(port: 0), sharesPort: true)
        (port, respPort) = (try Socket.localPort(of: http), try Socket.localPort(of: resp))
        process = try ground.spawn(TrialCluster.programsBesideMe + "/bunbase-front", []) { plan in
            plan.listening = [(DescriptorName.http, http), (DescriptorName.resp, resp)]
            plan.environment[ChildEnvironment.run] = ground.directory
            plan.environment[ChildEnvironment.data] = ground.directory
            plan.environment[ChildEnvironment.settingPrefix + "LOOPS"] = "1"
        }
        try ground.turn(for: .seconds(20)) { crew.synced > 0 }
        guard crew.synced > 0 else { throw TrialCluster.Failure("the front did not come up:\n\(ground.output)") }
    }

    var workers: [Int32] { [process.pid] }

    func stop() { ground.end(process, SIGKILL) }
}
