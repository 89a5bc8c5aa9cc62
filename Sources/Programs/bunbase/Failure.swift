import Glibc
import JSON
import Terminal

/// Why a command did not do what it was asked to: one sentence that says what to do, and the exit code.
struct Failure: Error {
    enum Code: Int32 {
        case refused = 1
        case notFound = 3
        case unreachable = 4
    }

    let code: Int32
    let message: String

    init(_ code: Code, _ message: String) { (self.code, self.message) = (code.rawValue, message) }

    /// From the cluster's own answer: `{"error": …, "code": …, "retry_after": …}`.
    init(_ answer: ControlConnection.Answer) {
        let body = try? JSONValue(parsing: answer.body)
        var text = body?["error"]?.string ?? "The cluster answered with status \(answer.status)."
        if let seconds = body?["retry_after"]?.int { text += " Try again in \(seconds) s." }
        self.init(answer.status == 404 ? .notFound : .refused, text)
    }

    /// Writes the message to standard error.
    func report() { Self.write("error:", .red, message) }

    /// Writes to standard error what was done only in part.
    static func warn(_ message: String) { write("warning:", .yellow, message) }

    /// Writes to standard error what people should know and programs that read the output need not.
    static func note(_ message: String) { write("note:", .yellow, message) }

    private static func write(_ label: String, _ colour: Style.Colour, _ message: String) {
        let text = "\(Style.ofOutput(STDERR_FILENO).paint(label, colour)) \(message)\n"
        _ = Glibc.write(STDERR_FILENO, text, text.utf8.count)
    }
}
