import Contracts
import Nouns
import Supervision

/// What holds for a kind before the cluster file says anything: its settings and how it is run.
struct KindPreset {
    /// The kinds that a file without `kinds` has.
    static let standard: [Kind] = [.bundoc, .bunder, .front, .platform]

    var settings: KindSettings
    /// Nil: the file must name one.
    var program: String?
    var run: ProgramSettings

    init(_ kind: Kind, home: Home) {
        (settings, run) = (KindSettings(), ProgramSettings(program: ""))
        run.limits.files = 1024
        switch kind {
        case .bundoc, .bunder:
            program = kind.text
            run.hasControl = true
            run.takesHandOff = kind == .bunder
            // bunder keeps all of a project in memory, and while a snapshot is written more than that.
            run.limits.memory = kind == .bunder ? 512 << 20 : 256 << 20
            run.limits.pids = 32
            run.isolation.network = .inherited
            run.isolation.hasOwnTemporary = false
            run.isolation.readable = []
            settings.warm = 1
        case .platform:
            becomeService(program: "bunbase-platform")
            run.sockets = [
                DescriptorName.platform: .stream(home.run.platform), DescriptorName.keys: .packets(home.run.keys),
            ]
        case .front:
            becomeService(program: "bunbase-front")
            run.sockets = [
                DescriptorName.http: .inherited(DescriptorName.http),
                DescriptorName.resp: .inherited(DescriptorName.resp),
                DescriptorName.metrics: .stream(home.run.frontMetrics),
            ]
            run.limits.files = 20_000
            settings.overlaps = true
            settings.drainTimeout = .seconds(30)
        case .alerts:
            becomeService(program: "bunbase-alerts")
            // It waits for others all the time, in threads of its own.
            settings.watchdog = nil
            // With the operator's command.
            (run.limits.memory, run.limits.pids) = (256 << 20, 64)
        default:
            settings.watchdog = nil
        }
    }

    private mutating func becomeService(program: String) {
        self.program = program
        run.hasControl = true
        run.isolation.hasLandlock = false
        run.isolation.hasOwnTemporary = false
        run.isolation.readable = []
        settings.scope = .service
        settings.idleTimeout = nil
    }
}
