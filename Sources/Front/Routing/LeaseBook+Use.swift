import Contracts
import HTTP
import Nouns

extension LeaseBook {
    /// What requests use of one held lease: counted here, so that a request needs no look into the book.
    package final class Use: Hashable {
        package let endpoint: Endpoint
        package var instance: InstanceID { endpoint.instance }
        package let generation: Generation
        /// New uses may begin.
        package internal(set) var isHeld = true
        /// Uses that are not ended.
        private(set) var users: Int
        /// Since when there are none.
        var idleSince: Instant?
        /// Where the front keeps its connections to the instance, once it has any; always of one class.
        package var connections: AnyObject?
        /// What its instance's answers were like.
        package var outlier = Outlier()
        /// The end of a request's head: the token that the endpoint demands, and the empty line.
        let headEnd: [UInt8]

        package init(_ endpoint: Endpoint, users: Int, at now: Instant) {
            (self.endpoint, self.users, generation) = (endpoint, users, endpoint.generation)
            idleSince = users == 0 ? now : nil
            var end: [UInt8] = []
            if let token = endpoint.token { HeadWriter.field("x-bunbase-token", token.hex, to: &end) }
            HeadWriter.end(&end)
            headEnd = end
        }

        /// One more use, unless the lease is held no more.
        package func begin() -> Bool {
            guard isHeld else { return false }
            users += 1
            idleSince = nil
            return true
        }

        /// Ends one. The book must be told when the lease is not held any more.
        func end(at now: Instant) {
            precondition(users > 0, "a use of \(instance) ended twice")
            users -= 1
            if users == 0 { idleSince = now }
        }

        package static func == (a: Use, b: Use) -> Bool { a === b }
        package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
    }
}
