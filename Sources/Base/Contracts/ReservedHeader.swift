/// The header fields that only the front may set on a request to an instance. It strips them from what clients send.
package enum ReservedHeader {
    /// Everything that begins so is ours.
    package static let prefix = "x-bunbase-"
    /// The original's identity fields; stripped from clients likewise.
    package static let bundocPrefix = "x-bundoc-"

    /// The one field of ours that clients do send: the project's key.
    package static let clientKey = "x-bunbase-client-key"

    package static let token = "x-bunbase-token"
    package static let project = "x-bunbase-project"
    /// Also sent back to clients, as `x-request-id`.
    package static let requestID = "x-bunbase-request-id"
}
