import Nouns

/// A connection that has left HTTP: who has ended their side, and when something was said last.
struct Tunnel {
    var hasClientEnded = false
    var hasInstanceEnded = false
    var lastByte: Instant
}
