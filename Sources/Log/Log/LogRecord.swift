/// One record: the effects of one request, all or nothing.
///
/// The log does not look into the effect. Its bytes are valid only inside the closure that gets the record.
package struct LogRecord {
    package let offset: Offset
    /// What the effect's bytes stand for; the engine's own numbering, 0 to 255.
    package let kind: UInt8
    /// When it was appended: milliseconds since 1970, as the engine said.
    package let time: Int64
    package let effect: UnsafeRawBufferPointer
}
