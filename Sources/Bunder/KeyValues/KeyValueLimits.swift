/// What a keyspace and its clients may hold.
package struct KeyValueLimits: Hashable, Sendable {
    /// Bytes of a key; at least 1.
    package var keyMax = 1024
    /// Bytes of a value.
    package var valueMax = 16 << 20
    /// Bytes that all keys and values may take, by `Keyspace.bytes`.
    package var memoryMax = 256 << 20
    /// Words of one command.
    package var wordsMax = 65_536
    /// Bytes of one command.
    package var commandMax = 64 << 20
    /// Bytes of a command without lengths, as typed by hand.
    package static let inlineMax = 64 << 10

    package init() {}
}
