import Contracts
import Nouns

extension ProjectLimits.Key {
    /// How the limit is written, in the cluster file and on the command line.
    var form: Form<Int> {
        switch self {
        case .requests: .count(range)
        case .rate, .burst: .count(1...range.upperBound).orNoneForZero
        case .bandwidth: .size(1024...range.upperBound).orNoneForZero
        case .waiting: .count(range)
        case .wait:
            Form(allowed: Form<Duration>.duration(.zero ... .milliseconds(range.upperBound)).allowed) { [range] text in
                Time.duration(text).map { Int($0.millisecondsRoundedUp) }.flatMap { range.contains($0) ? $0 : nil }
            } show: {
                Time.text(.milliseconds($0))
            }
        }
    }

    /// What completes the sentence "allowed: …".
    package var allowed: String { form.allowed }
    /// The number that a text stands for; nil when it is not of the form.
    package func number(_ text: String) -> Int? { form.read(text) }
    /// A number as people write it.
    package func text(_ number: Int) -> String { form.show(number) }
}
