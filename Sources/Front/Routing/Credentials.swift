import HTTP
import Nouns

/// What a request shows to be let in, and what is left of its query without it.
package struct Credentials {
    package enum Key: Hashable, Sendable {
        case none
        /// Has not a key's form.
        case malformed
        case presented(ProjectKey)
    }

    package enum Token: Hashable, Sendable {
        case none
        /// Means to be a token of ours and has not its form.
        case malformed
        case presented(OperatorToken)
    }

    package private(set) var key = Key.none
    package private(set) var token = Token.none
    /// The token stands in `Authorization`, which is then ours and not for the instance.
    package private(set) var isInAuthorization = false
    /// The query's remaining pairs, when it held the key.
    package private(set) var strippedQuery: [UInt8]?

    /// The key from `X-Bunbase-Client-Key`, else from `key` in the query; the token from `Authorization: Bearer`, or
    /// also from `X-Bunbase-Client-Key`, where clients of the original put theirs. Another `Authorization` is the
    /// instance's business.
    ///
    /// - Parameter readsQuery: else `key` in the query is the instance's business too.
    /// - Throws: 400 when one of them is given twice or the query is malformed.
    package init(_ head: borrowing RequestHead, in bytes: UnsafeRawBufferPointer, readsQuery: Bool) throws(Fault) {
        if let field = try Self.only(.authorization, head, .credentialsRepeated) { readAuthorization(bytes[field]) }
        let field = try Self.only(.clientKey, head, .keyRepeated)
        var fromQuery = Key.none
        if readsQuery, let range = head.query { fromQuery = try readQuery(bytes[range]) }
        guard let field else {
            key = fromQuery
            return
        }
        if OperatorToken.begins(bytes[field]) {
            guard token == .none else { throw .credentialsRepeated }
            token = OperatorToken(bytes[field]).map { .presented($0) } ?? .malformed
            key = fromQuery
        } else {
            key = Self.key(bytes[field])
        }
    }

    /// The scheme is compared without case, and one or more spaces follow it (RFC 9110 §11.4).
    private mutating func readAuthorization(_ value: UnsafeRawBufferPointer) {
        guard value.count > 7, value[ByteRange(0, 7)].equalsIgnoringCase("bearer ") else { return }
        var start = 7
        while start < value.count, value[start].isOptionalSpace { start += 1 }
        let text = value[ByteRange(start, value.count)]
        guard OperatorToken.begins(text) else { return }
        token = OperatorToken(text).map { .presented($0) } ?? .malformed
        isInAuthorization = true
    }

    /// The key in a query, which is stripped of it.
    private mutating func readQuery(_ text: UnsafeRawBufferPointer) throws(Fault) -> Key {
        // Most queries have none: nothing is copied for them.
        let query = Query(text)
        var hasKey = false
        try query.forEach { pair throws(Fault) in
            if try query.isNamed(pair, "key") {
                guard !hasKey else { throw .keyRepeated }
                hasKey = true
            }
            return true
        }
        guard hasKey else { return .none }
        var key = Key.none
        var rest: [UInt8] = []
        try query.forEach { pair throws(Fault) in
            if try query.isNamed(pair, "key") {
                key = try PercentCoding.decode(text[pair.value], isForm: true).withUnsafeBytes { Self.key($0) }
            } else {
                if !rest.isEmpty { rest.append(UInt8(ascii: "&")) }
                rest += text[pair.whole]
            }
            return true
        }
        strippedQuery = rest
        return key
    }

    private static func key(_ text: UnsafeRawBufferPointer) -> Key {
        ProjectKey(text).map { .presented($0) } ?? .malformed
    }

    private static func only(
        _ field: FieldName, _ head: borrowing RequestHead, _ fault: Fault
    ) throws(Fault) -> ByteRange? {
        guard let range = head.fields.first(field) else { return nil }
        guard head.fields.count(field) == 1 else { throw fault }
        return range
    }
}
