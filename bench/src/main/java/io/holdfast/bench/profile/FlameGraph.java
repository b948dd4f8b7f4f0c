package io.holdfast.bench.profile;

import java.util.Locale;

/** Writes samples as a flame graph: one HTML file that needs nothing else. A click on a frame zooms, a search marks. */
final class FlameGraph {
    private static final double LEAST_PART = 0.0005;

    private final StringBuilder out = new StringBuilder();
    private final long least;
    private int depth;

    private FlameGraph(long total) {
        least = (long) (total * LEAST_PART);
    }

    /** Returns the page with both graphs. */
    static String page(String title, String remarks, StackTree running, StackTree allocating) {
        return HEAD.replace("TITLE", escape(title))
                + "<h1>" + escape(title) + "</h1><pre>" + escape(remarks) + "</pre>\n"
                + "<p><input id=q placeholder=\"search: a part of a name\"> <button onclick=\"zoom(null)\">whole</button>"
                + " <span id=f></span></p>\n"
                + "<h2>CPU, by samples</h2>" + graph("cpu", "samples", running)
                + "<h2>Allocation, by bytes</h2>" + graph("alloc", "bytes", allocating)
                + "</body></html>\n";
    }

    private static String graph(String id, String unit, StackTree tree) {
        FlameGraph graph = new FlameGraph(tree.samples());
        graph.frame(tree, 0, 0);
        return "<div class=g id=%s data-unit=%s data-total=%d data-depth=%d></div>\n<script>draw('%s',[%s])</script>\n"
                .formatted(id, unit, tree.samples(), graph.depth + 1, id, graph.out);
    }

    /** Writes [level, start, samples, name] of a frame and all above it. */
    private void frame(StackTree node, int level, long start) {
        depth = Math.max(depth, level);
        out.append(
                String.format(Locale.ROOT, "[%d,%d,%d,'%s'],%n", level, start, node.samples(), script(node.frame())));
        long at = start;
        for (StackTree child : node.children()) {
            if (child.samples() > least) {
                frame(child, level + 1, at);
            }
            at += child.samples();
        }
    }

    private static String script(String text) {
        return escape(text).replace("\\", "\\\\").replace("'", "\\'");
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private static final String HEAD = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>TITLE</title><style>
            body{font:13px sans-serif;margin:1em}
            .g{position:relative;margin-bottom:2em}
            .g div{position:absolute;height:16px;overflow:hidden;white-space:nowrap;font-size:11px;line-height:16px;
              box-sizing:border-box;border-right:1px solid #fff;cursor:pointer;padding-left:2px}
            .g div.hit{outline:2px solid #00f;z-index:1}
            </style><script>
            const graphs={};
            function colour(n){let h=0;for(const c of n)h=(h*31+c.charCodeAt(0))>>>0;
              return `hsl(${h%50},${80}%,${72-(h>>8)%14}%)`}
            function draw(id,frames){const g=document.getElementById(id);
              graphs[id]={frames,total:+g.dataset.total,depth:+g.dataset.depth,unit:g.dataset.unit};
              show(id,0,+g.dataset.total)}
            function show(id,from,width){const g=document.getElementById(id),d=graphs[id];
              g.innerHTML='';g.style.height=(d.depth*17)+'px';
              for(const [level,start,count,name] of d.frames){
                const left=Math.max(start,from),right=Math.min(start+count,from+width);
                if(right<=left||(right-left)/width<0.0005)continue;
                const e=document.createElement('div');
                e.style.left=100*(left-from)/width+'%';e.style.width=100*(right-left)/width+'%';
                e.style.top=(d.depth-1-level)*17+'px';e.style.background=colour(name);
                e.innerHTML=name;
                e.title=e.textContent+'\\n'+count+' '+d.unit+', '+(100*count/d.total).toFixed(2)+' %';
                e.onmouseover=()=>document.getElementById('f').textContent=e.title;
                e.onclick=()=>show(id,start,count);
                g.appendChild(e)}
              mark()}
            function zoom(){for(const id in graphs)show(id,0,graphs[id].total)}
            function mark(){const box=document.getElementById('q'),q=box?box.value:'';
              for(const e of document.querySelectorAll('.g div'))e.classList.toggle('hit',q!==''&&e.textContent.includes(q))}
            document.addEventListener('input',mark);
            </script></head><body>
            """;
}
