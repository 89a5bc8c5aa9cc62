import Contracts
import Nouns
import Supervision

/// Reads one entry of `kinds`.
struct KindReader {
    static let argumentsMax = 64
    static let settingsMax = 32

    let home: Home
    /// Where programs named without a path lie.
    let programDirectory: String
    /// The cluster file's: where relative paths begin.
    let fileDirectory: String

    func read(_ kind: Kind, from section: inout Section) -> (KindSettings, ProgramSettings) {
        let preset = KindPreset(kind, home: home)
        var settings = preset.settings
        settings.scope = section.value("scope", .word, default: settings.scope)
        let run = readRun(kind, preset, scope: settings.scope, from: &section)
        settings.needs = section.values("needs", .kind, max: 16, default: settings.needs)
        settings.startTimeout = section.value(
            "start_timeout", .duration(.milliseconds(10) ... .seconds(600)), default: settings.startTimeout)
        settings.stopTimeout = section.value(
            "stop_timeout", .duration(.milliseconds(10) ... .seconds(600)), default: settings.stopTimeout)
        settings.drainTimeout = section.value(
            "drain_timeout", .duration(.milliseconds(10) ... .seconds(600)), default: settings.drainTimeout)
        settings.watchdog = section.value(
            "watchdog", Form.duration(.milliseconds(100) ... .seconds(600)).orNone, default: settings.watchdog)
        settings.idleTimeout = section.value(
            "idle_timeout", Form.duration(.milliseconds(10) ... .seconds(86_400)).orNone, default: settings.idleTimeout)
        settings.warm = section.value("warm", .count(0...64), default: settings.warm)
        var restart = section.section("restart")
        settings.restart = readRestart(settings.restart, from: &restart)
        restart.finish()
        section.finish()
        check(settings, run, in: section)
        return (settings, run)
    }

    private func readRun(
        _ kind: Kind, _ preset: KindPreset, scope: KindSettings.Scope, from section: inout Section
    ) -> ProgramSettings {
        var run = preset.run
        if let program = preset.program {
            run.program = section.value("program", programForm, default: resolved(program))
        } else {
            run.program = section.required("program", programForm) ?? ""
        }
        run.arguments = section.values(
            "args", .text("a text of 1 to 4096 bytes") { (1...4096).contains($0.utf8.count) && !$0.utf8.contains(0) },
            max: Self.argumentsMax, default: [])
        run.hasControl = section.value("control", .flag, default: run.hasControl)
        run.takesHandOff = section.value("handoff", .flag, default: run.takesHandOff)
        run.sockets = section.table(
            "sockets", names: .settingName, .socket(home), max: 16, default: scope == .service ? run.sockets : [:])
        run.environment = section.table(
            "environment", names: .variableName, .text("a text of at most 4096 bytes") { $0.utf8.count <= 4096 },
            max: 64, default: [:])
        if run.hasControl, let known = KnownSettings(kind) {
            var settings = section.section("settings")
            run.settings = known.values(from: &settings)
        } else {
            run.settings = section.table(
                "settings", names: .settingName, .setting, max: Self.settingsMax, default: [:])
        }
        var limits = section.section("limits")
        run.limits = readLimits(run.limits, from: &limits)
        limits.finish()
        var isolation = section.section("isolation")
        run.isolation = readIsolation(run.isolation, from: &isolation)
        isolation.finish()
        return run
    }

    private func readIsolation(
        _ preset: ProgramSettings.Isolation, from section: inout Section
    ) -> ProgramSettings.Isolation {
        var isolation = preset
        isolation.network = section.value("network", .word, default: isolation.network)
        isolation.hasLandlock = section.value("landlock", .flag, default: isolation.hasLandlock)
        isolation.hasFilter = section.value("seccomp", .flag, default: isolation.hasFilter)
        isolation.hasOwnTemporary = section.value("private_tmp", .flag, default: isolation.hasOwnTemporary)
        isolation.readable = section.values("read", .absolutePath, max: 16, default: isolation.readable)
        return isolation
    }

    private func readLimits(_ preset: ProgramSettings.Limits, from section: inout Section) -> ProgramSettings.Limits {
        var limits = preset
        limits.memory = section.value("memory", Form.size(4 << 20...1 << 40).orNone, default: limits.memory)
        limits.cpuPercent = section.value("cpu", Form.percent(1...100_000).orNone, default: limits.cpuPercent)
        limits.pids = section.value("pids", Form.count(1...100_000).orNone, default: limits.pids)
        limits.files = section.value("files", Form.count(32...1_000_000).orNone, default: limits.files)
        limits.fileSize = section.value("file_size", Form.size(1 << 20...1 << 50).orNone, default: limits.fileSize)
        return limits
    }

    private func readRestart(_ preset: RestartPolicy, from section: inout Section) -> RestartPolicy {
        var policy = preset
        let waits = Form.duration(.milliseconds(1) ... .seconds(3600))
        policy.mode = section.value("mode", .word, default: policy.mode)
        policy.delayMin = section.value("delay_min", waits, default: policy.delayMin)
        policy.delayMax = section.value("delay_max", waits, default: policy.delayMax)
        policy.factor = section.value("factor", .count(1...10), default: policy.factor)
        policy.jitter = section.value("jitter", .percent(0...50), default: policy.jitter)
        policy.resetAfter = section.value("reset_after", waits, default: policy.resetAfter)
        policy.intensity = section.value("intensity", .count(1...1000), default: policy.intensity)
        policy.period = section.value("period", waits, default: policy.period)
        if policy.delayMin > policy.delayMax {
            section.findings.refuse(
                section.subpath("delay_min"), found: Time.text(policy.delayMin),
                allowed: "at most delay_max, which is \(Time.text(policy.delayMax))")
        }
        return policy
    }

    /// What contradicts itself within one kind.
    private func check(_ settings: KindSettings, _ run: ProgramSettings, in section: Section) {
        func refuse(_ key: String, found: String, allowed: String) {
            section.findings.refuse(section.subpath(key), found: found, allowed: allowed)
        }
        if !run.hasControl, run.takesHandOff {
            refuse("handoff", found: "true", allowed: "false, because control is false")
        }
        if !run.hasControl, settings.warm > 0 {
            refuse("warm", found: "\(settings.warm)", allowed: "0, because control is false")
        }
        if !run.hasControl, !run.settings.isEmpty {
            refuse("settings", found: "settings", allowed: "none, because control is false; use environment or args")
        }
        guard settings.scope == .service else {
            if !run.sockets.isEmpty {
                refuse("sockets", found: "sockets", allowed: "none, because the scope is project: it gets its port")
            }
            return
        }
        if run.takesHandOff { refuse("handoff", found: "true", allowed: "false, because the scope is service") }
        if settings.warm > 0 { refuse("warm", found: "\(settings.warm)", allowed: "0, because the scope is service") }
        if let idle = settings.idleTimeout {
            refuse("idle_timeout", found: Time.text(idle), allowed: "none, because the scope is service")
        }
    }

    private var programForm: Form<String> {
        let (programDirectory, fileDirectory) = (programDirectory, fileDirectory)
        return Form(allowed: "a program's name, or a path to it, of 1 to 1024 bytes") { text in
            guard (1...1024).contains(text.utf8.count), !text.utf8.contains(0), !text.hasSuffix("/") else { return nil }
            return Self.absolute(text, names: programDirectory, paths: fileDirectory)
        } show: { path in
            path.hasPrefix(programDirectory + "/") ? String(path.dropFirst(programDirectory.utf8.count + 1)) : path
        }
    }

    private func resolved(_ program: String) -> String {
        Self.absolute(program, names: programDirectory, paths: fileDirectory)
    }

    private static func absolute(_ text: String, names: String, paths: String) -> String {
        text.hasPrefix("/") ? text : (text.contains("/") ? paths : names) + "/" + text
    }
}
