// swift-tools-version: 6.2
import PackageDescription

/// The folders of `Sources`, lowest first. A part may use parts of its own folder and of those above it in this
/// list, never of those below.
enum Layer: String, CaseIterable {
    case base = "Sources/Base"
    case http = "Sources/HTTP"
    case config = "Sources/Config"
    case linux = "Sources/Linux"
    case log = "Sources/Log"
    case sql = "Sources/SQL"
    case crypto = "Sources/Crypto"
    case tls = "Sources/TLS"
    case service = "Sources/Service"
    case supervisor = "Sources/Supervisor"
    case front = "Sources/Front"
    case bundoc = "Sources/Bundoc"
    case bunder = "Sources/Bunder"
    case platform = "Sources/Platform"
    case launcher = "Sources/Launcher"
    case terminal = "Sources/Terminal"
    case backup = "Sources/Backup"
    case alerts = "Sources/Alerts"
    case chaos = "Sources/Chaos"
    case program = "Sources/Programs"
    case test = "Tests"
}

struct Part {
    enum Form {
        /// Decides: values in, values out. Uses only other pure parts; no Foundation, clock, file, socket, task.
        case pure
        /// Touches the machine: a plain library.
        case shell
        /// C sources of ours.
        case c
        /// A library of the system, through a module map.
        case system(pkgConfig: String, apt: String)
        /// One thin main. `lean` programs are linked as static, non-PIE executables in release: many of them run
        /// side by side, so that every relocated page counts. `comfortable` ones may load libraries.
        case lean, comfortable
        /// Code that tests share.
        case support
        case tests
    }
    var name: String
    var layer: Layer
    var form: Form
    var uses: [String]
    var folder: String
    var products: [Target.Dependency] = []

    init(
        _ name: String, _ layer: Layer, _ form: Form, uses: [String] = [], products: [Target.Dependency] = [],
        folder: String? = nil
    ) {
        (self.name, self.layer, self.form, self.uses, self.products) = (name, layer, form, uses, products)
        self.folder = folder ?? "\(layer.rawValue)/\(name)"
    }
    var isPure: Bool { if case .pure = form { true } else { false } }
}

let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let parts: [Part] = [
    Part("Nouns", .base, .pure),
    Part("Contracts", .base, .pure, uses: ["Nouns"]),

    Part("HTTP", .http, .pure, uses: ["Nouns"], folder: "Sources/HTTP/HTTP1"),
    Part("JSON", .http, .pure, uses: ["Nouns"]),
    Part("CNghttp2", .http, .system(pkgConfig: "libnghttp2", apt: "libnghttp2-dev")),
    Part("HTTP2", .http, .shell, uses: ["Nouns", "HTTP", "CNghttp2"]),

    Part(
        "Config", .config, .shell, uses: ["Nouns", "Contracts", "JSON", "Supervision"], products: [yams],
        folder: "Sources/Config"),

    Part("CLinux", .linux, .c),
    Part("Linux", .linux, .shell, uses: ["CLinux", "Nouns", "Contracts"], folder: "Sources/Linux/Linux"),

    Part("CLog", .log, .c),
    Part("Log", .log, .shell, uses: ["Nouns", "CLinux", "Linux", "CLog"], folder: "Sources/Log/Log"),

    Part("CSQLite", .sql, .system(pkgConfig: "sqlite3", apt: "libsqlite3-dev")),
    Part("SQL", .sql, .shell, uses: ["Nouns", "CSQLite"], folder: "Sources/SQL/SQL"),

    Part("COpenSSL", .crypto, .system(pkgConfig: "openssl", apt: "libssl-dev")),
    Part("Crypto", .crypto, .shell, uses: ["COpenSSL"]),
    Part("TLS", .tls, .shell, uses: ["Nouns", "Contracts", "COpenSSL"], folder: "Sources/TLS"),

    Part(
        "Service", .service, .shell, uses: ["Nouns", "Contracts", "HTTP", "JSON", "CLinux", "Linux"],
        folder: "Sources/Service"),

    Part("Supervision", .supervisor, .pure, uses: ["Nouns", "Contracts"]),
    Part(
        "SupervisorShell", .supervisor, .shell,
        uses: [
            "Nouns", "Contracts", "HTTP", "JSON", "Config", "CLinux", "Linux", "Service", "Supervision",
        ],
        folder: "Sources/Supervisor/Shell"),

    Part("Telemetry", .front, .pure, uses: ["Nouns", "Contracts", "HTTP", "JSON"]),
    Part("Routing", .front, .pure, uses: ["Nouns", "Contracts", "HTTP", "JSON", "Telemetry"]),
    Part(
        "FrontShell", .front, .shell,
        uses: [
            "Nouns", "Contracts", "HTTP", "HTTP2", "JSON", "CLinux", "Linux", "Crypto", "TLS", "Service", "Telemetry",
            "Routing",
        ],
        folder: "Sources/Front/Shell"),

    Part("Documents", .bundoc, .pure, uses: ["Nouns", "HTTP", "JSON"]),
    Part(
        "BundocEngine", .bundoc, .shell,
        uses: [
            "Nouns", "Contracts", "HTTP", "JSON", "CLinux", "Linux", "Log", "CSQLite", "SQL", "Service",
            "Documents",
        ],
        folder: "Sources/Bundoc/Engine"),

    Part("KeyValues", .bunder, .pure, uses: ["Nouns", "JSON"]),
    Part(
        "BunderEngine", .bunder, .shell,
        uses: ["Nouns", "Contracts", "HTTP", "JSON", "CLinux", "Linux", "Log", "Service", "KeyValues"],
        folder: "Sources/Bunder/Engine"),

    Part("Projects", .platform, .pure, uses: ["Nouns", "Contracts", "JSON"]),
    Part(
        "PlatformShell", .platform, .shell,
        uses: ["Nouns", "Contracts", "HTTP", "JSON", "CLinux", "Linux", "SQL", "Crypto", "Service", "Projects"],
        folder: "Sources/Platform/Shell"),

    Part(
        "Launcher", .launcher, .shell, uses: ["Nouns", "Contracts", "CLinux", "Linux"],
        folder: "Sources/Launcher"),

    Part(
        "Terminal", .terminal, .shell, uses: ["Nouns", "Contracts", "HTTP", "JSON", "CLinux", "Linux"],
        folder: "Sources/Terminal"),

    Part("Alerting", .alerts, .pure),
    Part(
        "AlertsShell", .alerts, .shell,
        uses: [
            "Alerting", "Nouns", "Contracts", "JSON", "CLinux", "Linux", "Service", "Terminal", "COpenSSL",
        ],
        folder: "Sources/Alerts/Shell"),

    Part("Trial", .chaos, .shell, uses: ["Nouns", "Contracts", "JSON", "Config", "CLinux", "Linux"]),
    Part("ChaosPlan", .chaos, .pure, uses: ["Nouns", "JSON", "Supervision"], folder: "Sources/Chaos/Plan"),
    Part("CChaos", .chaos, .c),
    Part(
        "ChaosRig", .chaos, .shell,
        uses: ["Trial", "ChaosPlan", "CChaos", "Contracts", "JSON", "Config", "Supervision", "Nouns", "Linux"],
        folder: "Sources/Chaos/Rig"),

    Part(
        "Backup", .backup, .shell, uses: ["Nouns", "JSON", "CLinux", "Linux", "Crypto"], folder: "Sources/Backup"),

    Part(
        "bunbase-supervisor", .program, .comfortable,
        uses: ["SupervisorShell", "Config", "Nouns", "Contracts"]),
    Part("bunbase-front", .program, .lean, uses: ["FrontShell"]),
    Part("bunbase-platform", .program, .lean, uses: ["PlatformShell"]),
    Part("bunbase-init", .program, .lean, uses: ["Launcher", "Linux"]),
    Part("bundoc", .program, .lean, uses: ["BundocEngine"]),
    Part("bunder", .program, .lean, uses: ["BunderEngine"]),
    Part("bunbase-alerts", .program, .comfortable, uses: ["AlertsShell"]),
    Part(
        "bunbase", .program, .comfortable,
        uses: [
            "Nouns", "Contracts", "JSON", "Supervision", "Config", "Linux", "Launcher", "Terminal", "Trial",
            "Backup", "ChaosPlan", "ChaosRig",
        ],
        products: [arguments]),

    Part("Support", .test, .support, uses: ["Nouns"]),
    Part("Simulation", .test, .support, uses: ["Nouns", "Contracts", "Supervision", "Support"]),
    Part("bunbase-simulate", .test, .comfortable, uses: ["Simulation", "Support"], folder: "Tests/Simulate"),
    Part("CLoad", .test, .c, uses: ["COpenSSL"], folder: "Tests/CLoad"),
    Part(
        "bunbase-bench", .test, .comfortable,
        uses: ["Trial", "Nouns", "Contracts", "JSON", "CLinux", "Linux", "Routing", "CLoad", "Support"],
        folder: "Tests/Bench"),
    Part(
        "trial-misbehaver", .test, .lean, uses: ["Service", "HTTP", "Contracts", "Nouns", "Linux", "CLinux"],
        folder: "Tests/Misbehaver"),
    Part("CClimber", .test, .c),
    Part(
        "trial-climber", .test, .lean, uses: ["CClimber", "Service", "HTTP", "Contracts", "Nouns", "Linux", "CLinux"],
        folder: "Tests/Climber"),
    Part("ChaosTests", .test, .tests, uses: ["CChaos", "ChaosPlan", "ChaosRig", "Config", "Supervision", "JSON"]),
    Part("Conformance", .test, .support, uses: ["Trial", "Nouns", "Contracts", "JSON", "Linux"]),
    Part("bunbase-conform", .test, .comfortable, uses: ["Conformance"], folder: "Tests/ConformanceProgram"),
    Part("ConformanceTests", .test, .tests, uses: ["Conformance", "bunbase-front"]),
    Part("CFuzz", .test, .c),
    Part(
        "Fuzz", .test, .support,
        uses: [
            "Nouns", "Contracts", "HTTP", "HTTP2", "HTTP2Support", "JSON", "Routing", "KeyValues", "Support",
        ]),
    Part("bunbase-fuzz", .test, .comfortable, uses: ["CFuzz", "Fuzz"], folder: "Tests/FuzzProgram"),
    Part("FuzzTests", .test, .tests, uses: ["Fuzz", "Support"]),
    Part("BackupTests", .test, .tests, uses: ["Backup", "JSON", "Linux", "Support"]),
    Part("AlertsTests", .test, .tests, uses: ["Alerting"]),
    Part("BaseTests", .test, .tests, uses: ["Nouns", "Contracts", "Support"]),
    Part("HTTP2Support", .test, .support, uses: ["CNghttp2"]),
    Part("HTTP2Tests", .test, .tests, uses: ["HTTP2", "HTTP2Support", "HTTP", "Nouns", "CNghttp2"]),
    Part("HTTPTests", .test, .tests, uses: ["HTTP", "JSON", "Nouns", "Support"]),
    Part("ConfigTests", .test, .tests, uses: ["Config", "Supervision", "Nouns", "Contracts", "Support"]),
    Part("LinuxTests", .test, .tests, uses: ["Linux", "CLinux", "Nouns", "Contracts", "Support"]),
    Part("LogTests", .test, .tests, uses: ["Log", "CLog", "Nouns", "Linux", "CLinux", "Support"]),
    Part("CryptoTests", .test, .tests, uses: ["Crypto"]),
    Part("TLSSupport", .test, .support, uses: ["COpenSSL"]),
    Part("TLSTests", .test, .tests, uses: ["TLS", "TLSSupport", "COpenSSL", "Nouns", "Contracts"]),
    Part("SQLTests", .test, .tests, uses: ["SQL", "Support"]),
    Part(
        "ServiceTests", .test, .tests,
        uses: ["Service", "HTTP", "JSON", "Nouns", "Contracts", "CLinux", "Linux", "Support"]),
    Part(
        "SupervisionTests", .test, .tests,
        uses: ["Supervision", "Simulation", "Nouns", "Contracts", "Support"]),
    Part(
        "SupervisorTests", .test, .tests,
        uses: [
            "SupervisorShell", "Config", "Supervision", "JSON", "HTTP", "Linux", "Service", "Nouns",
            "Contracts", "Support",
        ]),
    Part("RoutingTests", .test, .tests, uses: ["Routing", "HTTP", "Nouns", "Contracts", "Support"]),
    Part(
        "FrontTests", .test, .tests,
        uses: [
            "TLSSupport", "HTTP2Support", "Telemetry", "Routing", "FrontShell", "HTTP", "JSON", "CLinux", "Linux",
            "Crypto", "Service", "Nouns", "Contracts", "Support",
        ]),
    Part("TelemetryTests", .test, .tests, uses: ["Telemetry", "Nouns", "Contracts", "HTTP", "JSON"]),
    Part(
        "BundocTests", .test, .tests,
        uses: [
            "Documents", "BundocEngine", "JSON", "HTTP", "SQL", "Log", "Linux", "Service", "Nouns",
            "Contracts", "Support", "Trial", "bundoc",
        ]),
    Part(
        "BunderTests", .test, .tests,
        uses: [
            "KeyValues", "BunderEngine", "JSON", "HTTP", "Log", "Linux", "Service", "Nouns", "Contracts",
            "Support",
        ]),
    Part(
        "PlatformTests", .test, .tests,
        uses: [
            "Projects", "PlatformShell", "JSON", "HTTP", "SQL", "Crypto", "Linux", "Service", "Nouns", "Contracts",
            "Support",
        ]),
    Part(
        "LauncherTests", .test, .tests,
        uses: ["Launcher", "Linux", "Nouns", "Contracts", "Support", "Trial", "bunbase-init"]),
    Part(
        "TerminalTests", .test, .tests,
        uses: ["Terminal", "Nouns", "Contracts", "HTTP", "JSON", "Linux", "Support"]),
    Part(
        "ProgramTests", .test, .tests,
        uses: [
            "Nouns", "Contracts", "JSON", "HTTP", "Linux", "CLinux", "Support", "Trial", "TLSSupport",
            "trial-misbehaver",
            "trial-climber", "CClimber", "bunbase-supervisor",
            "bunbase-front",
            "bunbase-platform", "bunbase-init", "bunbase-alerts", "bundoc", "bunder", "bunbase",
        ]),
    Part(
        "SystemdTests", .test, .tests,
        uses: [
            "Trial", "JSON", "bunbase-supervisor", "bunbase-front", "bunbase-platform", "bunbase-init", "bundoc",
            "bunder", "bunbase",
        ]),
    Part("TidyTests", .test, .tests),
]

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    // Parts are small and call each other on the path of each request: what is generic is made special across them.
    // Exclusive access to properties of classes is checked where tests run, in debug builds.
    .unsafeFlags(
        ["-cross-module-optimization", "-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// No dynamic loader, no position independence, no symbols: the pages of such a program are shared between all of
/// its processes.
let lean: [LinkerSetting] = [
    .unsafeFlags(["-static-executable", "-Xlinker", "-s"], .when(configuration: .release))
]

/// The Swift runtime inside, the system's libraries outside.
///
/// The libraries are the parts of Foundation's static form that its modules, compiled for dynamic linking, do not name.
let comfortable: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib", "-lCoreFoundation", "-l_FoundationICU", "-l_FoundationCollections",
            "-l_FoundationCShims", "-lswiftSynchronization", "-Xlinker", "-s",
        ], .when(configuration: .release))
]

let package = Package(
    name: "bunbase",
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: parts.map(target))

func target(_ part: Part) -> Target {
    checkDirection(of: part)
    let uses = part.uses.map { Target.Dependency.byName(name: $0) } + part.products
    switch part.form {
    case .pure, .shell, .support:
        return .target(name: part.name, dependencies: uses, path: part.folder, swiftSettings: settings)
    case .c:
        return .target(
            name: part.name, dependencies: uses, path: part.folder,
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])])
    case .system(let pkgConfig, let apt):
        return .systemLibrary(
            name: part.name, path: part.folder, pkgConfig: pkgConfig, providers: [.apt([apt])])
    case .lean:
        return .executableTarget(
            name: part.name, dependencies: uses, path: part.folder, swiftSettings: settings,
            linkerSettings: lean)
    case .comfortable:
        return .executableTarget(
            name: part.name, dependencies: uses, path: part.folder, swiftSettings: settings,
            linkerSettings: comfortable)
    case .tests:
        return .testTarget(
            name: part.name, dependencies: uses, path: part.folder,
            exclude: part.name == "SupervisionTests" ? ["Scenarios"] : [], swiftSettings: settings)
    }
}

func checkDirection(of part: Part) {
    let order = Layer.allCases
    for used in parts where part.uses.contains(used.name) {
        // The words of supervision (policies, limits) are what the cluster file is written in.
        if part.name == "Config", used.name == "Supervision" { continue }
        guard order.firstIndex(of: used.layer)! <= order.firstIndex(of: part.layer)! else {
            fatalError(
                "\(part.name) in \(part.layer.rawValue) may not use \(used.name) in \(used.layer.rawValue)")
        }
        guard !part.isPure || used.isPure else {
            fatalError("\(part.name) is pure and may not use \(used.name)")
        }
    }
}
