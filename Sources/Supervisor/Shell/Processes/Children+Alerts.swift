import Contracts
import Linux
import Nouns

extension Children {
    /// A service wants people to be told. A project's process has no say in what operators are woken for.
    func heard(alert name: String, _ notice: Notice, from child: Child) {
        guard child.instance?.project.isShared == true else { return }
        let word = AlertWord(
            name: name, subject: String(notice[NotifyKey.alertSubject] ?? ""),
            text: notice[NotifyKey.alertText].map(String.init))
        if let word { world.alert(word) } else { world.count(.noticeRefused) }
    }
}
