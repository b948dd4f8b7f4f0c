package io.holdfast.cli.command;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A path within a volume. It is made absolute and freed of needless slashes. A volume has no working directory, so an
 * empty path and the names {@code .} and {@code ..} mean nothing there: they are refused in every command, because a
 * script that gives them means something else than the directory they would lead to.
 */
public final class PathArgument implements ITypeConverter<String> {
    static final String ROOT = "/";

    @Override
    public String convert(String value) {
        if (value.isEmpty()) {
            throw new TypeConversionException("the path is empty; the root directory is /");
        }
        List<String> names = new ArrayList<>();
        for (String name : value.split(ROOT, -1)) {
            if (name.equals(".") || name.equals("..")) {
                throw new TypeConversionException("'" + value + "' has the name '" + name
                        + "', which means nothing in a volume; give the path from the root directory on");
            }
            if (!name.isEmpty()) {
                names.add(name);
            }
        }
        return ROOT + String.join(ROOT, names);
    }
}
