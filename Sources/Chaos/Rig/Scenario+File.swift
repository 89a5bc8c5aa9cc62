import ChaosPlan
import Config

extension Scenario {
    /// Reads one from a file.
    package init(path: String, name: String) throws(ConfigError) {
        let file = try ScenarioFile.load(
            path: path, stores: Store.allCases.map(\.rawValue), disturbances: Disturbance.Form.allCases.map(\.rawValue))
        self.init(file, name: name)
    }

    package init(_ file: ScenarioFile, name: String) {
        self.init()
        (self.name, about) = (name, file.about)
        duration = file.duration ?? duration
        quiet = file.quiet ?? quiet
        projects = file.projects ?? projects
        rate = file.rate.map { Double($0) / 100 } ?? rate
        stores = file.stores.map { $0.compactMap { Store(rawValue: $0) } } ?? stores
        let least = file.pauseMin ?? pause.lowerBound
        pause = least...max(least, file.pauseMax ?? pause.upperBound)
        if file.isOnlyNamed { weights = [:] }
        for (name, weight) in file.weights {
            if let form = Disturbance.Form(rawValue: name) { weights[form] = weight }
        }
        latencyFactor = file.latencyFactor.map { Double($0) / 100 } ?? latencyFactor
        latencySlack = file.latencySlack ?? latencySlack
        heals = file.heals ?? heals
        statusLag = file.statusLag ?? statusLag
    }
}
