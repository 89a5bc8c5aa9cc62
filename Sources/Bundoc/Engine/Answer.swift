import Documents

/// What an operation gives back.
package struct Answer: Hashable, Sendable {
    package var status: Int
    /// JSON; empty for 204.
    package var body: [UInt8]
    /// Of the document that the answer is about; leaves as `ETag`.
    package var revision: Revision?

    package init(status: Int = 200, body: [UInt8] = [], revision: Revision? = nil) {
        (self.status, self.body, self.revision) = (status, body, revision)
    }
}
