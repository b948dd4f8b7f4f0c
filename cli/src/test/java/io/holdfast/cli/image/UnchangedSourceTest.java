package io.holdfast.cli.image;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cli.copy.Sources;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An image that somebody writes to while it is imported. */
class UnchangedSourceTest {
    @TempDir
    Path folder;

    private Path image;
    private Path extent;
    private UnchangedSource source;

    @BeforeEach
    void open() throws IOException {
        image = Files.write(folder.resolve("image"), new byte[100]);
        Files.setLastModifiedTime(image, FileTime.fromMillis(1_000_000));
        extent = Files.write(folder.resolve("extent"), new byte[100]);
        ImageParts parts = new ImageParts();
        parts.add(image);
        parts.add(extent);
        // The contents come from elsewhere, as those of an image come from QEMU.
        Path contents = Files.write(folder.resolve("contents"), new byte[10]);
        source = new UnchangedSource(
                Sources.open(contents, folder.resolve("volume")).source(), "image", parts);
    }

    @Test
    void endsWellIfNobodyDoes() throws IOException {
        source.finish();
        source.close();
    }

    @Test
    void aNewTimeIsNoticed() throws IOException {
        Files.setLastModifiedTime(image, FileTime.fromMillis(1_000_001));
        assertThatThrownBy(source::finish)
                .isInstanceOf(HoldfastException.class)
                .hasMessageContaining("image: " + image + " was written to");
        source.close();
    }

    @Test
    void aNewLengthIsNoticed() throws IOException {
        Files.write(image, new byte[99]);
        Files.setLastModifiedTime(image, FileTime.fromMillis(1_000_000));
        assertThatThrownBy(source::finish).hasMessageContaining("was written to");
        source.close();
    }

    /** The time of a write can be set back; that of the inode cannot. */
    @Test
    void aWriteIsNoticedWhoseTimeWasSetBack() throws IOException {
        FileState before = FileState.of(image);
        do {
            Files.write(image, new byte[100], StandardOpenOption.WRITE);
            Files.setLastModifiedTime(image, FileTime.fromMillis(1_000_000));
        } while (FileState.of(image).changed().equals(before.changed())); // the clock of the file system is coarse
        assertThatThrownBy(source::finish).hasMessageContaining("was written to");
        source.close();
    }

    @Test
    void anotherFileOfThatNameIsNoticed() throws IOException {
        Path other = Files.write(folder.resolve("other"), new byte[100]);
        Files.setLastModifiedTime(other, FileTime.fromMillis(1_000_000));
        Files.move(other, image, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(source::finish).hasMessageContaining("was written to");
        source.close();
    }

    @Test
    void aChangeOfAnyPartIsNoticed() throws IOException {
        Files.delete(extent);
        assertThatThrownBy(source::finish).hasMessageContaining("image: " + extent);
        source.close();
    }
}
