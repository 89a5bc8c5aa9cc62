import Foundation
import JSON

/// One measured number, and the one it should not pass.
struct Figure {
    enum Goal {
        case atMost(Double)
        case atLeast(Double)
        /// For information.
        case none
    }

    var name: String
    var value: Double
    var unit: String
    var goal: Goal = .none
    var note = ""

    var isMet: Bool? {
        switch goal {
        case .atMost(let bound): value <= bound
        case .atLeast(let bound): value >= bound
        case .none: nil
        }
    }

    var line: String {
        let mark =
            switch isMet {
            case true?: "ok    "
            case false?: "MISSED"
            case nil: "      "
            }
        let bound =
            switch goal {
            case .atMost(let bound): "<= \(Self.format(bound))"
            case .atLeast(let bound): ">= \(Self.format(bound))"
            case .none: ""
            }
        let columns = [
            mark, name.padding(toLength: 52, withPad: " ", startingAt: 0),
            (Self.format(value) + " " + unit).padding(toLength: 16, withPad: " ", startingAt: 0),
            bound.padding(toLength: 12, withPad: " ", startingAt: 0), note,
        ]
        return columns.joined(separator: "  ")
    }

    var json: JSONValue {
        var object = JSONObject([
            ("name", .string(name)), ("value", .double(value)), ("unit", .string(unit)), ("note", .string(note)),
        ])
        switch goal {
        case .atMost(let bound): object["at_most"] = .double(bound)
        case .atLeast(let bound): object["at_least"] = .double(bound)
        case .none: break
        }
        if let isMet { object["met"] = .bool(isMet) }
        return .object(object)
    }

    private static func format(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e9 ? String(Int(value)) : String(format: "%.2f", value)
    }
}
