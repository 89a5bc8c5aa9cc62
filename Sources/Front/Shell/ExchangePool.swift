/// The exchanges of a loop: those under way first, behind them those that wait to be used again.
struct ExchangePool {
    /// Kept beyond those under way.
    static let spareMax = 256

    private var all: [Exchange] = []
    private(set) var activeCount = 0

    /// One that nothing uses.
    mutating func take(_ front: Front) -> Exchange {
        if activeCount == all.count { all.append(Exchange(front, place: activeCount)) }
        defer { activeCount += 1 }
        return all[activeCount]
    }

    /// It is done.
    mutating func put(_ exchange: Exchange) {
        activeCount -= 1
        let last = all[activeCount]
        if last !== exchange {
            all.swapAt(exchange.place, activeCount)
            (last.place, exchange.place) = (exchange.place, activeCount)
        }
        if all.count - activeCount > Self.spareMax { all.removeLast() }
    }

    /// Lets go of those that nothing uses.
    mutating func dropSpare() { all.removeLast(all.count - activeCount) }

    var active: ArraySlice<Exchange> { all[..<activeCount] }
}
