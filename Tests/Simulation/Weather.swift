import Nouns
import Supervision
import Support

/// How hard a simulated day is. Each seed draws its own, so that across seeds rare extremes meet.
struct Weather {
    // Chances in a hundred.
    var spawnFails = 0
    var neverReady = 0
    var crashes = 0
    var exitsClean = 0
    var saysStopping = 0
    var hangs = 0
    var ignoresTerminate = 0
    var noticesTwice = 0
    var turnsBusy = 0
    var bindFails = 0
    var losesSockets = 0
    var frontForgets = 0
    var frontIgnoresRevoke = 0
    var withdrawsTicket = 0
    // Longest, in milliseconds.
    var readyMax = 20
    var lifeMax = 1000
    var holdMax = 200
    var waitMax = 30_000
    var noticeMax = 1
    var askMax = 200
    // In a thousand occurrences.
    var supervisorDies = 0
    var frontVanishes = 0
    var orders = 0
    var reloads = 0

    /// No faults: what is asked for must be granted.
    static let calm = Weather()

    static func drawn(from random: inout SplitMix64) -> Weather {
        var weather = Weather()
        weather.spawnFails = random.pick([0, 0, 5, 50])
        weather.neverReady = random.pick([0, 0, 10, 50])
        weather.crashes = random.pick([0, 20, 60, 100])
        weather.exitsClean = random.pick([0, 30])
        weather.saysStopping = random.pick([0, 20])
        weather.hangs = random.pick([0, 0, 20, 60])
        weather.ignoresTerminate = random.pick([0, 20, 100])
        weather.noticesTwice = random.pick([0, 10, 50])
        weather.turnsBusy = random.pick([0, 20])
        weather.bindFails = random.pick([0, 0, 10, 60])
        weather.losesSockets = random.pick([0, 0, 50])
        weather.frontForgets = random.pick([0, 10])
        weather.frontIgnoresRevoke = random.pick([0, 10, 50])
        weather.withdrawsTicket = random.pick([0, 10, 40])
        weather.readyMax = random.pick([10, 300, 3000, 10_000])
        weather.lifeMax = random.pick([20, 1000, 30_000, 300_000])
        weather.holdMax = random.pick([10, 1000, 60_000])
        weather.waitMax = random.pick([50, 2000, 60_000])
        weather.noticeMax = random.pick([1, 1, 50, 1000])
        weather.askMax = random.pick([20, 300, 5000, 60_000])
        weather.supervisorDies = random.pick([0, 0, 2, 20])
        weather.frontVanishes = random.pick([0, 2, 10])
        weather.orders = random.pick([0, 5, 50])
        weather.reloads = random.pick([0, 0, 3])
        return weather
    }
}

extension Settings {
    static let stores = [Kind("store")!, Kind("cache")!]
    static let services = [Kind("registry")!, Kind("gate")!]

    /// Two kinds for each project and two services, in whatever relation and with whatever limits.
    static func drawn(from random: inout SplitMix64) -> Settings {
        var settings = Settings()
        settings.ports = 9000...(9000 + UInt16(random.pick([0, 2, 7, 40])))
        settings.startsMax = random.pick([1, 2, 8])
        settings.waitersPerInstanceMax = random.pick([1, 3, 64])
        settings.portRetry = .milliseconds(random.pick([100, 60_000]))
        settings.registrationTimeout = .milliseconds(random.pick([100, 10_000]))
        for name in stores { settings.kinds[name] = .drawn(from: &random) }
        for name in services {
            var service = KindSettings.drawn(from: &random)
            (service.scope, service.warm) = (.service, 0)
            settings.kinds[name] = service
        }
        settings.kinds[services[1]]!.overlaps = random.chance(50)
        if random.chance(30) { settings.kinds[stores[1]]!.needs = [stores[0]] }
        if random.chance(20) { settings.kinds[stores[0]]!.needs = [services[0]] }
        if random.chance(50) { settings.kinds[services[1]]!.needs = [services[0]] }
        return settings
    }
}

extension KindSettings {
    static func drawn(from random: inout SplitMix64) -> KindSettings {
        var kind = KindSettings()
        kind.startTimeout = .milliseconds(random.pick([500, 5000]))
        kind.stopTimeout = .milliseconds(random.pick([20, 2000]))
        kind.drainTimeout = .milliseconds(random.pick([0, 50, 5000]))
        kind.watchdog = random.pick([nil, .milliseconds(500), .seconds(5)])
        kind.idleTimeout = .milliseconds(random.pick([0, 500, 60_000]))
        kind.warm = random.pick([0, 0, 1, 3])
        kind.restart.mode = random.pick([.permanent, .permanent, .transient, .temporary])
        kind.restart.delayMax = .milliseconds(random.pick([500, 60_000]))
        kind.restart.resetAfter = .milliseconds(random.pick([1000, 60_000]))
        kind.restart.intensity = random.pick([0, 2, 5, 100])
        kind.restart.period = .milliseconds(random.pick([1000, 60_000]))
        return kind
    }
}

extension SplitMix64 {
    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    /// True so many times in a hundred.
    mutating func chance(_ hundredths: Int) -> Bool { hundredths > 0 && below(100) < hundredths }
    mutating func perMille(_ thousandths: Int) -> Bool { thousandths > 0 && below(1000) < thousandths }
    /// From 0 to so many milliseconds, in microseconds.
    mutating func milliseconds(upTo most: Int) -> Duration { .microseconds(below(most * 1000 + 1)) }
}
