package io.holdfast.cli.command;

import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.volume.RepairPlan;
import java.io.PrintStream;
import java.util.Map;

/** Shows what a repair would do. */
final class RepairView {
    private RepairView() {}

    static Map<String, Object> json(RepairPlan plan) {
        return Json.object(
                "repair_count",
                plan.repairCount(),
                "loss_count",
                plan.lossCount(),
                "repairs",
                plan.repairs().stream()
                        .map(r -> Json.object(
                                "structure", r.structure(),
                                "block", r.block(),
                                "inode", r.inode(),
                                "what", r.what(),
                                "loss", r.loss()))
                        .toList(),
                "left",
                plan.left().stream()
                        .map(left -> Json.object(
                                "structure", left.problem().structure(),
                                "block", left.problem().block(),
                                "inode", left.problem().inode(),
                                "message", left.problem().message(),
                                "advice", left.advice()))
                        .toList(),
                "findings",
                plan.findings(),
                "mended",
                plan.mended(),
                "refusal",
                plan.refusal());
    }

    static void show(PrintStream out, RepairPlan plan) {
        plan.repairs()
                .forEach(r -> out.println("repair " + place(r.structure(), r.block()) + ": " + Names.printable(r.what())
                        + "; "
                        + (r.loss().isEmpty() ? "nothing is lost" : "LOST: " + Names.printable(r.loss()))));
        if (plan.repairCount() > plan.repairs().size()) {
            long losing = plan.lossCount()
                    - plan.repairs().stream().filter(r -> !r.loss().isEmpty()).count();
            out.println("… and " + (plan.repairCount() - plan.repairs().size()) + " more repairs"
                    + (losing == 0 ? "; nothing is lost by them" : ", of which " + losing + " LOSE something"));
        }
        plan.left()
                .forEach(left -> out.println("not repaired: "
                        + place(left.problem().structure(), left.problem().block()) + ": "
                        + Names.printable(left.problem().message()) + "; " + left.advice()));
        if (!plan.refusal().isEmpty()) {
            out.println("not repaired: " + Names.printable(plan.refusal()));
        }
    }

    private static String place(String structure, long block) {
        return Names.printable(structure) + (block < 0 ? "" : " block " + block);
    }

    /** Returns how much of the damage a repair would mend. */
    static String sum(RepairPlan plan) {
        return plan.mended() + " of " + plan.findings() + (plan.findings() == 1 ? " finding" : " findings");
    }
}
