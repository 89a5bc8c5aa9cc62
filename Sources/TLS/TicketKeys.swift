import COpenSSL
import Nouns

/// The keys that session tickets are sealed with, new ones every few hours (RFC 5077 §5.5).
///
/// All loops of a front begin with the same secret and go on to the next one by the clock, each by itself: a ticket of
/// one loop opens on any other, and nothing is shared. A secret is the hash of the one before, which is forgotten, so
/// what is in memory today does not open the connections of yesterday.
package final class TicketKeys {
    /// Bytes.
    package static let secretLength = 32
    /// How long one key seals.
    package static let period = Duration.seconds(6 * 3600)
    /// How long a ticket may be used: keys of so many past periods still open.
    package static let lifetime = Duration.seconds(12 * 3600)
    private static let pastMax = 2

    /// What one ticket is sealed with.
    struct Key {
        static let nameLength = 16
        /// Names the key in the ticket.
        let name: [UInt8]
        /// Of AES-256.
        let cipher: [UInt8]
        /// Of HMAC-SHA-256.
        let mac: [UInt8]
    }

    private var secret: [UInt8]
    private var periodStart: Instant
    /// The one that seals first, then those that still open.
    private var keys: [Key]

    /// - Parameters:
    ///   - secret: random bytes, the same for all loops.
    ///   - start: the same moment for all loops.
    package init(secret: [UInt8], from start: Instant) {
        precondition(secret.count == Self.secretLength, "a secret of \(secret.count) bytes")
        self.secret = secret
        periodStart = start
        keys = [Self.key(of: secret)]
    }

    /// The key that seals at a moment.
    func sealing(at now: Instant) -> Key {
        advance(to: now)
        return keys[0]
    }

    /// The key of that name, if it still opens, and whether the ticket should be replaced.
    func opening(_ name: UnsafeRawBufferPointer, at now: Instant) -> (key: Key, isOld: Bool)? {
        advance(to: now)
        guard let index = keys.firstIndex(where: { $0.name.elementsEqual(name) }) else { return nil }
        return (keys[index], index > 0)
    }

    private func advance(to now: Instant) {
        while now - periodStart >= Self.period {
            periodStart = periodStart + Self.period
            secret = Self.derive(secret, "next secret", Self.secretLength)
            keys.insert(Self.key(of: secret), at: 0)
            if keys.count > Self.pastMax + 1 { keys.removeLast() }
        }
    }

    private static func key(of secret: [UInt8]) -> Key {
        Key(
            name: derive(secret, "ticket name", Key.nameLength), cipher: derive(secret, "ticket cipher", 32),
            mac: derive(secret, "ticket mac", 32))
    }

    /// HMAC-SHA-256 of a label: one way, and labels lead to unrelated outputs.
    private static func derive(_ secret: [UInt8], _ label: String, _ count: Int) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let label = Array(label.utf8)
        let isDone = HMAC(EVP_sha256(), secret, Int32(secret.count), label, label.count, &output, &length)
        precondition(isDone != nil && length == 32, "HMAC-SHA-256 is not to be had from this OpenSSL")
        return Array(output[..<count])
    }
}
