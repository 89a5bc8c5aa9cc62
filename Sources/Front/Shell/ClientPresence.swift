import Nouns

/// A client's connection at a front, whatever is spoken on it.
protocol ClientPresence: AnyObject {
    var stream: ByteStream { get }
    /// Where the front has it.
    var place: Int { get set }
    /// When something must have happened.
    var dueMoment: Instant? { get }
    func expire(at now: Instant)
    /// The front takes on nothing new: tells the client, where its protocol can.
    func leave()
    /// The front is shutting down: ends what can end without anyone's loss, and what has no end of its own.
    func drain()
    /// Ends the connection now, and with it what is under way.
    func cut()
    /// Bytes that wait in memory because the client is slow.
    var keptCount: Int { get }
}
