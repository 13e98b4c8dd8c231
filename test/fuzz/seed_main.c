/* seed_main.c: runs a fuzz target over every file of a folder, without libFuzzer. */
#include <dirent.h>
#include <stdio.h>

#include "fuzz.h"

static void
run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (file == NULL)
		return;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	/* Exactly as long as the input, so that a read behind it is seen. */
	data = malloc(size > 0 ? (size_t) size : 1);
	if (data != NULL && fread(data, 1, (size_t) size, file) == (size_t) size)
		LLVMFuzzerTestOneInput(data, (size_t) size);
	free(data);
	fclose(file);
}

int
main(int argc, char **argv)
{
	char path[4096];
	struct dirent *entry;
	DIR *folder;
	int n = 0;

	if (argc != 2 || (folder = opendir(argv[1])) == NULL)
	{
		fprintf(stderr, "usage: %s folder\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(folder)) != NULL)
	{
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		run_file(path);
		n++;
	}
	closedir(folder);
	printf("%s: %d seeds\n", argv[1], n);
	return n == 0;
}
