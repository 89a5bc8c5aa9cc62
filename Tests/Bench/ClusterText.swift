/// The cluster files that measurements use.
enum ClusterText {
    /// The usual kinds with what a measurement changes.
    static func make(warm: Int, idle: String = "1m", intensity: Int = 5) -> String {
        """
        kinds:
          bundoc: {warm: \(warm), idle_timeout: \(idle), restart: {intensity: \(intensity)}}
          bunder: {warm: \(warm), idle_timeout: \(idle), restart: {intensity: \(intensity)}}
          platform: {}
          front: {}

        """
    }
}
