import Backup
import JSON
import Linux
import Nouns
import Terminal

/// Keeps one instance down for as long as its files are copied.
///
/// The hold is short and extended while it is needed: should this process be killed, requests wait only for what
/// is left of it.
final class InstanceHold {
    /// Seconds that it lasts by itself: less than requests wait unless the cluster file says otherwise.
    static let seconds = 6
    private static let renewal = Duration.seconds(1)

    private let cluster: Cluster
    private let path: String
    private let number = Int64(Random.word() >> 12)
    private var renewedAt: Instant

    /// Returns when the instance is down.
    init(_ cluster: Cluster, _ instance: String) throws(Failure) {
        (self.cluster, path) = (cluster, "/instances/\(instance)")
        renewedAt = EventLoop.clock()
        try ask("/hold")
    }

    private func ask(_ verb: String) throws(Failure) {
        let body = JSONValue.object(
            JSONObject([("hold", .integer(number)), ("seconds", .integer(Int64(Self.seconds)))]))
        _ = try cluster.demand(try cluster.supervisor("POST", path + verb, body: body))
        renewedAt = EventLoop.clock()
    }

    /// To be called often while files are copied.
    func goOn() throws(Failure) {
        if EventLoop.clock() - renewedAt >= Self.renewal { try ask("/extend") }
    }

    /// Lets it go; throws unless it was down all the time.
    func release() throws(Failure) {
        let body = JSONValue.object(JSONObject([("hold", .integer(number))]))
        _ = try cluster.demand(try cluster.supervisor("POST", path + "/release", body: body))
    }
}
