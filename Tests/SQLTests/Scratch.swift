import Glibc
import SQL

/// A directory of one test's own, removed with its last reference.
final class Scratch {
    let path: String

    init() {
        var template = Array("/tmp/bunbase-sql-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no scratch directory")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in ["a.db", "a.db-wal", "a.db-shm", "a.db-journal"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    var file: String { "\(path)/a.db" }

    func open(_ change: (inout Connection.Options) -> Void = { _ in }) throws -> Connection {
        var options = Connection.Options()
        change(&options)
        return try Connection(path: file, options: options)
    }

    func bytes(of name: String) -> Int {
        var status = stat()
        return stat("\(path)/\(name)", &status) == 0 ? Int(status.st_size) : -1
    }
}
