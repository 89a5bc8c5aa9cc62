/// Something that is done to a running cluster.
package enum Fault: Hashable, Sendable, CustomStringConvertible {
    case killInstance(project: Int, kind: String)
    /// SIGSTOP: the watchdog has to find it.
    case stopInstance(project: Int, kind: String)
    case killFront
    case killPlatform
    case killSupervisor

    /// Whether requests may fail because of it. Instances are killed under requests that can be repeated, so that only
    /// the front's own end may be seen by clients, as broken connections.
    package var mayBreakConnections: Bool { self == .killFront }

    package var description: String {
        switch self {
        case .killInstance(let project, let kind): "kill project\(project)/\(kind)"
        case .stopInstance(let project, let kind): "stop project\(project)/\(kind)"
        case .killFront: "kill front"
        case .killPlatform: "kill platform"
        case .killSupervisor: "kill supervisor"
        }
    }

    package static func drawn<Generator: RandomNumberGenerator>(
        projects: Int, using random: inout Generator
    ) -> Fault {
        let project = Int.random(in: 0..<projects, using: &random)
        let kind = Bool.random(using: &random) ? "bundoc" : "bunder"
        return switch Int.random(in: 0..<100, using: &random) {
        case 0..<55: .killInstance(project: project, kind: kind)
        case 55..<65: .stopInstance(project: project, kind: kind)
        case 65..<78: .killFront
        case 78..<86: .killPlatform
        default: .killSupervisor
        }
    }
}
