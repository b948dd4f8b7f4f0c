package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.cli.text.Names;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdClientStatus;
import io.holdfast.nbd.NbdSessions.Disconnected;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code holdfast disconnect}. */
@Command(
        name = "disconnect",
        description = "End the connection of an NBD client of a served volume.",
        footer = {
            "",
            "The server answers the requests that it has begun, and then closes the connection. What was acknowledged",
            "to the client stays. The client may connect again."
        })
final class DisconnectCommand extends VolumeCommand {
    @Parameters(
            index = "1",
            paramLabel = "ID",
            converter = IdConverter.class,
            description = "The number of the client, as 'holdfast clients' lists it.")
    private long id;

    DisconnectCommand(CliContext context) {
        super(context, false);
    }

    /** Converts the number of a client. */
    static final class IdConverter implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            try {
                return Long.parseLong(value);
            } catch (NumberFormatException e) {
                throw new TypeConversionException(
                        "'" + value + "' is not the number of a client: see 'holdfast clients'");
            }
        }
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        if (!(volume instanceof RemoteVolume served)) {
            throw new HoldfastException(ErrorCode.NOT_FOUND, "nobody serves " + device() + ", so there are no clients");
        }
        Disconnected gone = served.disconnect(id);
        NbdClientStatus client = gone.client();
        Map<String, Object> json = ClientsCommand.json(client);
        json.put("ended", gone.ended());
        output().print(
                        context().out(),
                        json,
                        out -> out.println("client " + client.id()
                                + (client.path().isEmpty() ? "" : " of '" + Names.printable(client.export()) + "'")
                                + " (" + ClientsCommand.who(client) + "): "
                                + (gone.ended()
                                        ? "disconnected"
                                        : "begins no more requests; those in flight have not ended yet")));
        return ExitCode.OK;
    }
}
