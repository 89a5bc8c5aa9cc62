/// What one connection keeps of its loop's memory: given back with it.
struct MemoryShare: ~Copyable {
    private let gauge: MemoryGauge
    private(set) var count = 0

    init(of gauge: MemoryGauge) { self.gauge = gauge }

    deinit { gauge.bytes -= count }

    /// So many bytes are kept now.
    mutating func set(_ count: Int) {
        guard count != self.count else { return }
        gauge.bytes += count - self.count
        self.count = count
    }
}
