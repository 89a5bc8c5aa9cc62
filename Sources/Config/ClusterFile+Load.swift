extension ClusterFile {
    /// Reads the file and the environment's overrides (`BUNBASE_HOME`, `BUNBASE_HTTP`, `BUNBASE_RESP`,
    /// `BUNBASE_STATUS`, `BUNBASE_PORTS`), which win.
    ///
    /// `programDirectory` is where programs that are named without a path lie: beside the running executable.
    package static func load(
        path: String, environment: [String: String], programDirectory: String
    ) throws(ConfigError) -> ClusterFile {
        throw ConfigError([])
    }

    /// The keys whose values cannot change while the cluster runs and do differ: `addresses.http`, `home`.
    package func keysNeedingRestart(changingTo other: ClusterFile) -> [String] { [] }
}
