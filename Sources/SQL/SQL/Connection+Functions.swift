import CSQLite

/// The arguments of one call of a function of ours; valid only during the call.
package struct FunctionArguments {
    private let values: UnsafeMutablePointer<OpaquePointer?>?
    package let count: Int

    init(_ values: UnsafeMutablePointer<OpaquePointer?>?, count: Int32) {
        (self.values, self.count) = (values, Int(count))
    }

    package func isNull(_ index: Int) -> Bool { sqlite3_value_type(value(index)) == SQLITE_NULL }

    package func integer(_ index: Int) -> Int64 { sqlite3_value_int64(value(index)) }

    package func real(_ index: Int) -> Double { sqlite3_value_double(value(index)) }

    package func text(_ index: Int) -> String {
        withBytes(index) { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of a blob or text where they lie.
    package func withBytes<Result, Failure: Error>(
        _ index: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = sqlite3_value_blob(value(index))
        return try body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value(index)))))
    }

    private func value(_ index: Int) -> OpaquePointer? {
        precondition(index >= 0 && index < count, "a function has no argument \(index)")
        return values?[index]
    }
}

/// Why a function of ours gave no value; becomes the statement's error.
package struct FunctionError: Error, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

extension Connection {
    private final class Function {
        let body: (FunctionArguments) throws -> Value
        init(_ body: @escaping (FunctionArguments) throws -> Value) { self.body = body }
    }

    /// Makes a function callable in SQL on this connection.
    ///
    /// - Parameter argumentCount: nil for any number.
    /// - Parameter isDeterministic: the same arguments always give the same value, so that it may stand in an index;
    ///   then it must be registered before the first statement touches the table.
    package func register(
        _ name: String, argumentCount: Int?, isDeterministic: Bool,
        _ body: @escaping (FunctionArguments) throws -> Value
    ) throws(DatabaseError) {
        let flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | (isDeterministic ? SQLITE_DETERMINISTIC : 0)
        let retained = Unmanaged.passRetained(Function(body)).toOpaque()
        // On failure SQLite calls the destructor itself.
        let code = sqlite3_create_function_v2(
            handle, name, Int32(argumentCount ?? -1), flags, retained,
            { context, count, values in
                let function = Unmanaged<Function>.fromOpaque(sqlite3_user_data(context))
                    .takeUnretainedValue()
                do {
                    Connection.answer(context, try function.body(FunctionArguments(values, count: count)))
                } catch {
                    sqlite3_result_error(context, "\(error)", -1)
                }
            }, nil, nil, { Unmanaged<Function>.fromOpaque($0!).release() })
        guard code == SQLITE_OK else { throw DatabaseError("register \(name)", nil, code: code, of: handle) }
    }

    private static func answer(_ context: OpaquePointer?, _ value: Value) {
        switch value {
        case .null: sqlite3_result_null(context)
        case .integer(let value): sqlite3_result_int64(context, value)
        case .real(let value): sqlite3_result_double(context, value)
        case .text(var text):
            text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    csqlite_result_text(context, $0.baseAddress ?? Statement.nothing, Int64($0.count))
                }
            }
        case .blob(let bytes):
            bytes.withUnsafeBytes {
                csqlite_result_blob(
                    context, $0.baseAddress ?? UnsafeRawPointer(Statement.nothing), Int64($0.count))
            }
        }
    }
}
