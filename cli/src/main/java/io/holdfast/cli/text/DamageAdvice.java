package io.holdfast.cli.text;

/** The line that ends every report of damage: what the person at the terminal can do next. */
public final class DamageAdvice {
    public static final String TEXT =
            "what to do: 'holdfast check' lists all damage; 'holdfast check --repair' mends what needs no second copy, and shows first what that is; 'holdfast export --keep-going' copies out what can be read of a"
                    + " file, and 'holdfast rescue' of a volume, even if it does not open; put good copies of what is lost in"
                    + " its place, from a backup";

    private DamageAdvice() {}
}
