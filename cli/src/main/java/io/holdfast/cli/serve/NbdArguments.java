package io.holdfast.cli.serve;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.host.HostPath;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.nbd.NbdTls;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of {@code serve} that are about NBD. */
final class NbdArguments {
    @Option(
            names = "--nbd",
            paramLabel = "ADDRESS",
            converter = AddressConverter.class,
            description = "Where to listen: unix:/path/to/socket or tcp:HOST:PORT. May be given several times. Needed,"
                    + " but where the service manager hands over a listening socket.")
    private List<NbdAddress> addresses = List.of();

    @Option(
            names = "--tls-certs",
            paramLabel = "DIR",
            converter = HostPath.class,
            description = "Encrypt, and refuse clients that do not: DIR has server-cert.pem and server-key.pem, and"
                    + " ca-cert.pem for --tls-verify-peer.")
    private Optional<Path> certificates;

    @Option(names = "--tls-verify-peer", description = "Clients must show a certificate signed by ca-cert.pem.")
    private boolean verifyPeer;

    @Option(
            names = "--sector-size",
            paramLabel = "BYTES",
            description =
                    "512 or 4096: serve disks of such sectors. Requests of anything else are refused, and files that"
                            + " are not whole sectors. Without it any range of bytes is served.")
    private Optional<Integer> sectorSize;

    @Option(
            names = "--max-connections",
            paramLabel = "N",
            defaultValue = "100",
            description = "NBD connections at once. Default: ${DEFAULT-VALUE}")
    private int connectionsMax;

    /** Converts an address. */
    static final class AddressConverter implements ITypeConverter<NbdAddress> {
        private static final String UNIX = "unix:";

        @Override
        public NbdAddress convert(String value) {
            try {
                if (value.startsWith(UNIX)) {
                    HostPath.of(value.substring(UNIX.length()));
                }
                return NbdAddress.parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    List<NbdAddress> addresses() {
        return List.copyOf(addresses);
    }

    NbdOptions options(boolean readOnly) {
        if (sectorSize.isPresent() && sectorSize.get() != 512 && sectorSize.get() != 4096) {
            throw new UsageException("--sector-size is 512 or 4096, not " + sectorSize.get());
        }
        if (connectionsMax < 1) {
            throw new UsageException("--max-connections is at least 1");
        }
        if (verifyPeer && certificates.isEmpty()) {
            throw new UsageException("--tls-verify-peer needs --tls-certs");
        }
        NbdOptions options = NbdOptions.defaults()
                .withReadOnly(readOnly)
                .withSectorSize(sectorSize.orElse(1))
                .withConnectionsMax(connectionsMax);
        return certificates
                .map(dir -> options.withTls(new NbdTls(dir, verifyPeer, true)))
                .orElse(options);
    }
}
