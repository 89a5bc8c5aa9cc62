/// What a head may be at most. Beyond it the message is refused with 414 (request line) or 431.
package struct HeadLimits: Hashable, Sendable {
    package var bytesMax: Int
    package var fieldsMax: Int

    package init(bytesMax: Int = 16_384, fieldsMax: Int = 100) {
        (self.bytesMax, self.fieldsMax) = (bytesMax, fieldsMax)
    }
}
