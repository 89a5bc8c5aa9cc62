/// What a key holds. One case for each type that `TYPE` names.
package enum StoredValue: Hashable, Sendable {
    case string([UInt8])

    /// As `TYPE` says it.
    package var typeName: String {
        switch self {
        case .string: "string"
        }
    }

    /// Bytes of content.
    package var size: Int {
        switch self {
        case .string(let bytes): bytes.count
        }
    }
}
